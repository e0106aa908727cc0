#include "node/cli/member.h"

#include "node/network.h"

namespace fenrun::cli {

Result<Member> open_member(const Session& session, const Path& home) {
  FENRUN_TRY(auto config, load_config(home));
  FENRUN_TRY(const auto bytes, read_file_text(config.genesis_path(), kGenesisBytesMax));
  FENRUN_TRY(auto genesis, read_genesis(bytes_of(bytes)));
  FENRUN_TRY(auto key, open_key(session, config.key_path("operator")));
  const Digest id = chain_id(genesis);
  return Member{std::move(config), std::move(genesis), id, std::move(key)};
}

}  // namespace fenrun::cli
