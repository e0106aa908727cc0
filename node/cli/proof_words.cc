#include "node/cli/proof_words.h"

#include <algorithm>
#include <array>

#include "core/check.h"

namespace fenrun::cli {
namespace {

struct Hint {
  Errc code;
  std::string_view text;
};

constexpr auto kHints = std::to_array<Hint>({
    {Errc::proof_malformed, "文件已损坏或不是证明：请重新获取"},
    {Errc::proof_not_canonical, "文件被改动过：请重新获取"},
    {Errc::proof_version, "请用认识此证明格式的版本验证"},
    {Errc::policy_malformed, "信任文件已损坏：请向可信的成员索取"},
    {Errc::checkpoint_malformed, "文件中的检查点已损坏：请重新获取证明"},
    {Errc::origin_unknown, "证明属于另一个网络，与信任文件不符"},
    {Errc::cosignature_invalid, "文件中有签名错误：请重新获取证明"},
    {Errc::cosigner_unknown, "文件中有签名方不在信任文件内"},
    {Errc::cosigner_repeated, "同一签名方出现两次：文件被改动过"},
    {Errc::quorum_short, "联署检查点的验证节点不足：请勿采信"},
    {Errc::index_out_of_range, "文件涉及检查点之后的条目"},
    {Errc::path_length_wrong, "默克尔路径长度不对：文件被改动过"},
    {Errc::root_mismatch, "默克尔路径与根不符：文件被改动过"},
    {Errc::entry_malformed, "文件中有内容不是账本条目：文件被改动过"},
    {Errc::header_mismatch, "区块头与检查点不符"},
    {Errc::validators_mismatch,
     "请获取当前的信任文件；若证明早于信任文件，请用更早的信任文件验证，或重新获取证明"},
    {Errc::not_current, "该记录已被取代：不是最新值"},
    {Errc::claim_mismatch, "条目不能证明文件所声称的内容"},
    {Errc::statement_incomplete, "对账单缺少分录：请勿采信"},
    {Errc::stale, "检查点早于所要求的时间：请重新获取证明"},
    {Errc::consistency_invalid, "两个检查点互不延续：请两份都保留"},
    {Errc::handover_missing, "请获取从信任文件所列验证节点开始的证明"},
    {Errc::handover_invalid, "旧的验证节点未签署这次变更：请勿采信"},
    {Errc::recovery_invalid, "有声明被改动过，或不是其运营方所签：请勿采信"},
    {Errc::recovery_incomplete, "请取得所列运营方的声明"},
});

}  // namespace

std::string_view chinese_name_of(Book book) {
  switch (book) {
    case Book::external:
      return "外部";
    case Book::fund:
      return "预算";
    case Book::payable:
      return "应付";
    case Book::instructed:
      return "已指令付款";
  }
  UNREACHABLE();
}

std::string_view chinese_hint_of(Errc code) {
  const auto it = std::ranges::find(kHints, code, &Hint::code);
  return it == kHints.end() ? hint_of(code) : it->text;
}

}  // namespace fenrun::cli
