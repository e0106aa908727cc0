#include "node/epcis/epc_pattern.h"

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <array>

#include "node/epcis/identifiers.h"

namespace fenrun::epcis {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

// Does the pattern stand for the EPC, both in any spelling?
bool matches(const std::string& pattern, const std::string& epc) {
  const auto spelling = canonical_pattern(pattern);
  EXPECT_TRUE(spelling) << pattern;
  const auto all = patterns_of(canonical_identifier(epc).value());
  return spelling && std::ranges::find(all, *spelling) != all.end();
}

TEST(EpcPattern, stars_stand_for_the_last_parts) {
  const std::string bottle = "urn:epc:id:sgtin:6901234.056789.B1";
  EXPECT_TRUE(matches("urn:epc:idpat:sgtin:6901234.056789.*", bottle));
  EXPECT_TRUE(matches("urn:epc:idpat:sgtin:6901234.*.*", bottle));
  EXPECT_TRUE(matches("urn:epc:idpat:sgtin:*.*.*", bottle));
  EXPECT_FALSE(matches("urn:epc:idpat:sgtin:6901234.156789.*", bottle));
  EXPECT_FALSE(matches("urn:epc:idpat:sgtin:6901235.*.*", bottle));
  EXPECT_FALSE(matches("urn:epc:idpat:sscc:*.*", bottle));
  EXPECT_FALSE(matches("urn:epc:idpat:upui:*.*.*", bottle));

  // Whatever host and indicator digit.
  EXPECT_TRUE(matches("urn:epc:idpat:sgtin:6901234.*.*", "https://a.cn/01/16901234567899/21/C1"));
  EXPECT_TRUE(matches("urn:epc:idpat:sgtin:6901234.156789.*",
                      "https://a.cn/01/16901234567899/10/L1/21/C1"));

  const std::string pallet = "https://a.cn/00/069012340000000115";
  EXPECT_TRUE(matches("urn:epc:idpat:sscc:6901234.*", pallet));
  EXPECT_TRUE(matches("urn:epc:idpat:sscc:*.*", pallet));
  EXPECT_FALSE(matches("urn:epc:idpat:sscc:6901235.*", pallet));
}

TEST(EpcPattern, a_class_is_the_pattern_of_its_serials) {
  const std::string gtin = "https://id.example.com/01/06901234567892";
  EXPECT_EQ(*canonical_pattern(gtin), *canonical_pattern("urn:epc:idpat:sgtin:6901234.056789.*"));
  EXPECT_TRUE(matches(gtin, "urn:epc:id:sgtin:6901234.056789.B1"));
  EXPECT_FALSE(matches(gtin, "urn:epc:id:sgtin:6901234.156789.B1"));
  EXPECT_TRUE(matches("https://a.cn/8003/04012345000221", "urn:epc:id:grai:4012345.00022.334455"));
  // A lot is no class of serials; a place is one itself, and no class of its extensions.
  EXPECT_FALSE(matches(gtin + "/10/L1", "https://a.cn/01/06901234567892/10/L1/21/B1"));
  EXPECT_FALSE(matches("https://a.cn/414/4012345000054", "urn:epc:id:sgln:4012345.00005.122"));
  EXPECT_TRUE(matches("urn:epc:idpat:sgln:4012345.00005.*", "urn:epc:id:sgln:4012345.00005.122"));
  EXPECT_TRUE(matches("urn:epc:idpat:sgln:4012345.00005.*", "urn:epc:id:sgln:4012345.00005.0"));
}

// By the standard's own rule: part by part, of URNs.
TEST(EpcPattern, every_scheme_has_its_patterns) {
  for (const std::string body : {"sscc:4012345.3111111111",
                                 "sgtin:4012345.011111.9876",
                                 "sgtin:415056789012.0.987654",
                                 "upui:1234567.098765.51qIg",
                                 "gdti:4012345.00009.PO-4711",
                                 "gdti:987659999999..9",
                                 "sgcn:4012345.99999.44",
                                 "ginc:0614141.xyz47%2F11",
                                 "gsin:4012345.222333444",
                                 "sgln:4012345.00005.0",
                                 "sgln:4012345.00005.122",
                                 "pgln:999999999999.",
                                 "grai:4012345.00022.334455",
                                 "giai:4012345.ABC345",
                                 "itip:4012345.011111.01.02.987",
                                 "cpi:0614141.11111111111111-A%23%2F.1234",
                                 "gsrnp:4012345.0000000007",
                                 "gsrn:4012345.0000006765",
                                 "gid:95100000.12345.400",
                                 "usdod:CAGEY.5678",
                                 "adi:35962.PQ7VZ4.M37GXB92",
                                 "bic:CSQU3054383",
                                 "imovn:9176187"}) {
    const auto colon = body.find(':') + 1;
    std::string pattern = body;
    std::size_t patterns = 0;
    for (auto end = pattern.size(); end != std::string::npos; ++patterns) {
      const auto dot = pattern.rfind('.', end - 1);
      const auto begin = dot == std::string::npos || dot < colon ? colon : dot + 1;
      pattern.replace(begin, end - begin, "*");
      EXPECT_TRUE(matches("urn:epc:idpat:" + pattern, "urn:epc:id:" + body)) << pattern;
      end = begin == colon ? std::string::npos : begin - 1;
    }
    const auto all = patterns_of(canonical_identifier("urn:epc:id:" + body).value());
    EXPECT_GE(all.size(), patterns) << body;
    EXPECT_LE(all.size(), 12U) << body;
  }
}

RC_GTEST_PROP(EpcPattern, of_one_company_the_parts_decide, ()) {
  const auto digits = [](std::size_t count) {
    return rc::gen::container<std::string>(count, rc::gen::elementOf(std::string("01")));
  };
  // Few of everything, so that parts are often equal.
  const auto part = [&] { return "6901234.05678" + *digits(1) + "." + *digits(2); };
  const auto split = [](const std::string& body) {
    return std::array{body.substr(0, 7), body.substr(8, 6), body.substr(15)};
  };
  const auto epc = part();
  auto pattern = split(part());
  const auto stars = *rc::gen::inRange<std::size_t>(1, 4);
  for (std::size_t i = 3 - stars; i < 3; ++i) pattern[i] = "*";
  bool expected = true;
  for (std::size_t i = 0; i < 3; ++i) {
    expected = expected && (pattern[i] == "*" || pattern[i] == split(epc)[i]);
  }
  const auto urn = "urn:epc:idpat:sgtin:" + pattern[0] + "." + pattern[1] + "." + pattern[2];
  RC_ASSERT(matches(urn, "urn:epc:id:sgtin:" + epc) == expected);
}

TEST(EpcPattern, an_identifier_is_no_pattern) {
  EXPECT_EQ(*canonical_pattern("urn:epc:idpat:sgtin:6901234.056789.B1"),
            *canonical_identifier("https://a.cn/01/06901234567892/21/B1"));
  EXPECT_EQ(*canonical_pattern("urn:x:plant"), "urn:x:plant");
  for (const std::string uri :
       {"urn:x:plant", "https://a.cn/x", "https://id.gs1.org/x/y",
        "https://id.gs1.org/01/06901234567892", "https://id.gs1.org/01/06901234567892/10/L1",
        "https://id.gs1.org/8003/04012345000221", "urn:epc:id:gid:1.2.3.4"}) {
    EXPECT_THAT(patterns_of(uri), IsEmpty()) << uri;
  }
  EXPECT_THAT(patterns_of("https://id.gs1.org/8004/A"), SizeIs(1));
}

TEST(EpcPattern, what_is_no_pattern_is_refused) {
  for (const auto* rest : {"sgtin:6901234.*.B1",
                           "sgtin:*.056789.*",
                           "sgtin:*.*",
                           "sgtin:*",
                           "sgtin:*.*.*.*",
                           "sgtin:6901234.05678.*",
                           "sgtin:69012.*.*",
                           "sgtin:69O1234.*.*",
                           "sgtin:6901234.05*.*",
                           "sgtin:6901234.[056780-056789].*",
                           "sscc:6901234",
                           "sscc:*.0000000011",
                           "lgtin:*.*.*",
                           "nothing:*.*",
                           "gid:1.*.3",
                           "gid:*.*.*.*",
                           "",
                           "sgtin",
                           "sgtin:",
                           "itip:4012345.*.01.*.*"}) {
    const auto refused = canonical_pattern(std::string("urn:epc:idpat:") + rest);
    ASSERT_FALSE(refused) << rest << " is " << *refused;
    EXPECT_EQ(refused.error().code, Errc::value_invalid);
  }
  EXPECT_FALSE(canonical_pattern("urn:epc:idpat:sgtin:" + std::string(600, '1')));
}

}  // namespace
}  // namespace fenrun::epcis
