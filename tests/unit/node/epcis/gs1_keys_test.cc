#include "node/epcis/gs1_keys.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "node/epcis/uri.h"

namespace fenrun::epcis {
namespace {

constexpr std::string_view kHost = "https://id.gs1.org/";

// The path of the canonical link, "none" for no GS1 key, the code of the refusal; "!" behind the
// path of a key with a wrong check digit.
std::string key(std::string_view uri) {
  const auto found = read_gs1_key(uri);
  if (!found) return std::string(name_of(found.error().code));
  if (!*found) return "none";
  EXPECT_EQ((*found)->link.substr(0, kHost.size()), kHost);
  const std::string mark = (*found)->check_digit == CheckDigit::wrong ? "!" : "";
  return (*found)->link.substr(kHost.size()) + mark;
}

TEST(Gs1Keys, every_scheme_has_its_digital_link) {
  const std::pair<const char*, const char*> cases[] = {
      {"urn:epc:id:sscc:4012345.3111111111", "00/340123451111111111"},
      {"urn:epc:id:sgtin:4012345.011111.9876", "01/04012345111118/21/9876"},
      {"urn:epc:id:sgtin:415056789012.0.987654", "01/04150567890128/21/987654"},
      {"urn:epc:id:upui:1234567.098765.51qIgY)%3C%26Jp3*j7'SDB",
       "01/01234567987651/235/51qIgY%29%3C%26Jp3%2Aj7'SDB"},
      {"urn:epc:class:lgtin:4012345.012345.Lot987", "01/04012345123456/10/Lot987"},
      {"urn:epc:id:gdti:4012345.00009.PO-4711", "253/4012345000092PO-4711"},
      {"urn:epc:id:gdti:987659999999..9", "253/98765999999929"},
      {"urn:epc:id:sgcn:4012345.99999.44", "255/401234599999044"},
      {"urn:epc:id:ginc:0614141.xyz47%2F11", "401/0614141xyz47%2F11"},
      {"urn:epc:id:gsin:4012345.222333444", "402/40123452223334442"},
      {"urn:epc:id:sgln:4012345.00005.0", "414/4012345000054"},
      {"urn:epc:id:sgln:4012345.00005.122", "414/4012345000054/254/122"},
      {"urn:epc:id:pgln:999999999999.", "417/9999999999994"},
      {"urn:epc:id:grai:4012345.00022.334455", "8003/04012345000221334455"},
      {"urn:epc:id:giai:4012345.ABC345", "8004/4012345ABC345"},
      {"urn:epc:id:itip:4012345.011111.01.02.987", "8006/040123451111180102/21/987"},
      {"urn:epc:id:cpi:0614141.11111111111111-A%23%2F.1234",
       "8010/061414111111111111111-A%23%2F/8011/1234"},
      {"urn:epc:id:gsrnp:4012345.0000000007", "8017/401234500000000074"},
      {"urn:epc:id:gsrn:4012345.0000006765", "8018/401234500000067657"},
  };
  for (const auto& [urn, link] : cases) {
    EXPECT_EQ(key(urn), link) << urn;
    EXPECT_EQ(key("http://a.cn/x/" + std::string(link) + "?y=1#z"), link) << link;
  }
}

TEST(Gs1Keys, patterns_over_serials_are_classes) {
  EXPECT_EQ(key("urn:epc:idpat:sgtin:4012345.066666.*"), "01/04012345666663");
  EXPECT_EQ(key("urn:epc:idpat:grai:4012345.66666.*"), "8003/04012345666663");
  EXPECT_EQ(key("urn:epc:idpat:gdti:4012345.55555.*"), "253/4012345555554");
  EXPECT_EQ(key("urn:epc:idpat:cpi:4012345.ABC.*"), "8010/4012345ABC");
  EXPECT_EQ(key("urn:epc:idpat:itip:4012345.012345.01.02.*"), "8006/040123451234560102");
  EXPECT_EQ(key("urn:epc:idpat:sgtin:4012345.*.*"), "none");
  EXPECT_EQ(key("urn:epc:idpat:sscc:4012345.*"), "none");
  EXPECT_EQ(key("urn:epc:idpat:sgtin:40123.066666.*"), "value_invalid");
  EXPECT_EQ(key("urn:epc:id:sgtin:4012345.066666.*"), "01/04012345666663/21/%2A");
}

TEST(Gs1Keys, the_finest_qualifier_is_kept) {
  const std::string gtin = "https://id.gs1.org/01/06901234567892";
  EXPECT_EQ(key(gtin), "01/06901234567892");
  EXPECT_EQ(key(gtin + "/10/L1/21/S1"), "01/06901234567892/21/S1");
  EXPECT_EQ(key(gtin + "/22/2A/10/L1"), "01/06901234567892/10/L1");
  EXPECT_EQ(key(gtin + "/22/2A"), "01/06901234567892");
  EXPECT_EQ(key("https://a.cn/gtin/6901234567892/ser/a%2fb"), "01/06901234567892/21/a%2Fb");
  EXPECT_EQ(key("https://a.cn/01/06901234567892/21/01"), "01/06901234567892/21/01");
  EXPECT_EQ(key(gtin + "/21/S1/21/S2"), "value_invalid");
  EXPECT_EQ(key(gtin + "/99/S1"), "value_invalid");
  EXPECT_EQ(key("https://a.cn/417/6901234000009/254/1"), "value_invalid");
}

TEST(Gs1Keys, a_wrong_check_digit_is_told) {
  for (const auto* path :
       {"00/069012340000000116", "01/06901234567890/21/B1", "253/4012345000093X",
        "402/40123452223334443", "414/6901234000010", "417/9999999999995", "8003/04012345000222A",
        "8006/040123451111170102", "8017/401234500000000075", "8018/401234500000067658",
        "255/4012345999997"}) {
    EXPECT_EQ(key(std::string(kHost) + path), std::string(path) + "!");
  }
}

TEST(Gs1Keys, what_only_looks_like_a_key_is_refused) {
  for (const auto* uri : {"urn:epc:id:sgtin:6901234.056789",
                          "urn:epc:id:sgtin:6901234.056789.",
                          "urn:epc:id:sgtin:6901234.05678.1",
                          "urn:epc:id:sgtin:69O1234.056789.1",
                          "urn:epc:id:sgtin:6901234.056789.123456789012345678901",
                          "urn:epc:id:sgtin:6901234.056789.a%2",
                          "urn:epc:id:sgtin:6901234.056789.a~b",
                          "urn:epc:id:lgtin:6901234.056789.L1",
                          "urn:epc:class:sgtin:6901234.056789.L1",
                          "urn:epc:id:nothing:1.2",
                          "urn:epc:tag:sgtin-96:1.2.3.4",
                          "urn:epc:id:sgtin",
                          "urn:epc:",
                          "urn:epc:id:sscc:4012345",
                          "urn:epc:id:giai:4012345",
                          "urn:epc:id:giai:A.1",
                          "urn:epc:id:cpi:4012345.abc.1",
                          "urn:epc:id:cpi:4012345.ABC.1x",
                          "urn:epc:id:itip:4012345.011111.1.02.987",
                          "urn:epc:id:grai:4012345.00022.",
                          "https://a.cn/00/1",
                          "https://a.cn/01/123456789/21/1",
                          "https://a.cn/414/69012340000",
                          "https://a.cn/01/06901234567892/21/%zz"}) {
    EXPECT_EQ(key(uri), "value_invalid") << uri;
  }
}

TEST(Gs1Keys, other_uris_are_none) {
  for (const auto* uri :
       {"https://id.brand.example.com/store/S000123", "geo:50.9,6.9", "urn:uuid:1",
        "http://transaction.acme.com/po/12345678", "https://a.cn", "https://a.cn/01",
        "urn:epc:id:gid:1.2.3", "urn:epc:id:usdod:CAGEY.5678", "urn:epcglobal:cbv:bt:1:2"}) {
    EXPECT_EQ(key(uri), "none") << uri;
  }
}

RC_GTEST_PROP(Gs1Keys, a_canonical_link_reads_as_itself, ()) {
  const auto serial = *rc::gen::nonEmpty(rc::gen::container<std::string>(
      rc::gen::elementOf(std::string("!\"%&'()*+,-./09:;<=>?AZ_az"))));
  RC_PRE(serial.size() <= 20);
  std::string escaped;
  for (const char c : serial) {
    escaped += '%';
    escaped += "0123456789abcdef"[static_cast<unsigned char>(c) >> 4];
    escaped += "0123456789abcdef"[static_cast<unsigned char>(c) & 15];
  }
  const auto once = read_gs1_key("https://a.cn/01/06901234567892/21/" + escaped);
  RC_ASSERT(once.has_value() && once->has_value());
  const auto twice = read_gs1_key((*once)->link);
  RC_ASSERT(twice.has_value() && twice->has_value());
  RC_ASSERT((*twice)->link == (*once)->link);
}

}  // namespace
}  // namespace fenrun::epcis
