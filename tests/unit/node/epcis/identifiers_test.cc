#include "node/epcis/identifiers.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace fenrun::epcis {
namespace {

std::string epc(std::string_view uri) {
  const auto out = canonical_epc(uri);
  return out ? *out : std::string(name_of(out.error().code));
}

std::string place(std::string_view uri) {
  const auto out = canonical_place(uri);
  return out ? *out : std::string(name_of(out.error().code));
}

TEST(Identifiers, a_urn_gets_its_check_digit) {
  EXPECT_EQ(epc("urn:epc:id:sgtin:6901234.056789.B00001"), "01/06901234567892/21/B00001");
  EXPECT_EQ(epc("urn:epc:id:sgtin:6901234.156789.C0001"), "01/16901234567899/21/C0001");
  EXPECT_EQ(epc("urn:epc:id:sscc:6901234.0000000011"), "00/069012340000000115");
  // Examples of the Tag Data Standard and the General Specifications.
  EXPECT_EQ(epc("urn:epc:id:sgtin:0614141.812345.6789"), "01/80614141123458/21/6789");
  EXPECT_EQ(epc("urn:epc:id:sscc:0614141.1234567890"), "00/106141412345678908");
}

TEST(Identifiers, a_digital_link_on_any_host_is_the_same_unit) {
  const std::string sgtin = "01/06901234567892/21/B00001";
  EXPECT_EQ(epc("https://id.gs1.org/01/06901234567892/21/B00001"), sgtin);
  EXPECT_EQ(epc("http://shop.example.cn:8443/scan/me/01/06901234567892/21/B00001"), sgtin);
  EXPECT_EQ(epc("https://a.b/01/6901234567892/21/B00001?utm=1#x"), sgtin);  // A GTIN-13.
  EXPECT_EQ(epc("https://a.b/01/06901234567892/22/2A/10/L1/21/B00001"), sgtin);
  EXPECT_EQ(epc("https://example.com/00/069012340000000115?x=1"), "00/069012340000000115");
}

TEST(Identifiers, serials_may_hold_what_looks_like_a_separator) {
  EXPECT_EQ(epc("urn:epc:id:sgtin:6901234.056789.a.b-c"), "01/06901234567892/21/a.b-c");
  EXPECT_EQ(epc("urn:epc:id:sgtin:6901234.056789.a%2Fb"), "01/06901234567892/21/a/b");
  EXPECT_EQ(epc("https://a.b/01/06901234567892/21/a%2fb"), "01/06901234567892/21/a/b");
  EXPECT_EQ(epc("https://a.b/01/06901234567892/21/01"), "01/06901234567892/21/01");
  EXPECT_EQ(epc("urn:epc:id:sgtin:6901234.056789.a%2"), "value_invalid");
  EXPECT_EQ(epc("urn:epc:id:sgtin:6901234.056789.a%zz"), "value_invalid");
  EXPECT_EQ(epc("urn:epc:id:sgtin:6901234.056789.a%00"), "value_invalid");
  EXPECT_EQ(epc("urn:epc:id:sgtin:6901234.056789."), "value_invalid");
  EXPECT_EQ(epc("urn:epc:id:sgtin:6901234.056789.123456789012345678901"), "value_invalid");
}

TEST(Identifiers, a_wrong_check_digit_is_refused) {
  EXPECT_EQ(epc("https://id.gs1.org/01/06901234567890/21/B00001"), "value_invalid");
  EXPECT_EQ(epc("https://id.gs1.org/00/069012340000000116"), "value_invalid");
  EXPECT_EQ(place("https://id.gs1.org/414/6901234000010"), "value_invalid");
}

TEST(Identifiers, what_does_not_have_the_form_is_refused) {
  for (const auto* uri :
       {"urn:epc:id:sgtin:6901234.056789", "urn:epc:id:sgtin:69012.05678901.1",
        "urn:epc:id:sgtin:6901234.05678.1", "urn:epc:id:sgtin:69O1234.056789.1",
        "urn:epc:id:sscc:6901234.000000001", "urn:epc:id:sscc:6901234", "", "06901234567892",
        "01/06901234567892/21/B1", "https://a.b/01/0690123456789/21/1", "https://a.b/00/1",
        "https://a.b/01/06901234567892/21/1/21/2", "https://a.b/01/06901234567892/99/1",
        "https://a.b/00/069012340000000115/21/1", "urn:epc:id:sgtin:6901234.056789.a b",
        "urn:epc:id:sgtin:6901234.956789.1"}) {
    EXPECT_EQ(epc(uri), "value_invalid") << uri;
  }
}

TEST(Identifiers, other_kinds_of_things_are_not_supported_yet) {
  for (const auto* uri :
       {"urn:epc:id:grai:6901234.00001.1", "urn:epc:class:lgtin:6901234.056789.L1",
        "urn:epc:idpat:sgtin:6901234.056789.*", "https://a.b/01/06901234567892",
        "https://a.b/01/06901234567892/10/L1", "https://a.b/8003/06901234567892"}) {
    EXPECT_EQ(epc(uri), "not_supported_yet") << uri;
  }
}

TEST(Identifiers, spellings_of_one_place_are_one) {
  EXPECT_EQ(place("urn:epc:id:sgln:6901234.00001.0"), "414/6901234000016");
  EXPECT_EQ(place("https://id.gs1.org/414/6901234000016"), "414/6901234000016");
  EXPECT_EQ(place("urn:epc:id:sgln:6901234.00001.dock-7"), "414/6901234000016/254/dock-7");
  EXPECT_EQ(place("https://x.cn/414/6901234000016/254/dock-7"), "414/6901234000016/254/dock-7");
  EXPECT_EQ(place("urn:epc:id:pgln:6901234.00000"), "417/6901234000009");
  EXPECT_EQ(place("https://id.brand.example.com/store/S000123"),
            "https://id.brand.example.com/store/S000123");
  EXPECT_EQ(place("store/S000123"), "value_invalid");
  EXPECT_EQ(place("urn:epc:id:sgln:6901234.0001.0"), "value_invalid");
  EXPECT_EQ(place("urn:epc:id:sgln:6901234.00001.a%2Fb:"), "414/6901234000016/254/a/b:");
  EXPECT_EQ(place("urn:epc:id:sgln:6901234.00001.123456789012345678901"), "value_invalid");
  EXPECT_EQ(place("urn:epc:id:sgln:6901234.00001.a%20b"), "value_invalid");
  EXPECT_EQ(place("https://x.cn/414/6901234000016/254/123456789012345678901"), "value_invalid");
  EXPECT_EQ(place("https://x.cn/414/6901234000016/10/1"), "value_invalid");
  EXPECT_EQ(place(std::string(600, 'a')), "value_invalid");
}

RC_GTEST_PROP(Identifiers, urn_and_digital_link_of_a_unit_agree, ()) {
  const auto prefix_size = *rc::gen::inRange<std::size_t>(6, 13);
  const auto digits = *rc::gen::container<std::string>(12, rc::gen::inRange('0', ':'));
  const auto serial = *rc::gen::nonEmpty(
      rc::gen::resize(20, rc::gen::container<std::string>(rc::gen::oneOf(
                              rc::gen::inRange('0', ':'), rc::gen::inRange('A', '[')))));
  RC_PRE(serial.size() <= 20);
  const std::string urn = "urn:epc:id:sgtin:" + digits.substr(0, prefix_size) + ".1" +
                          digits.substr(prefix_size) + "." + serial;
  const std::string body = "1" + digits;
  const std::string link = "https://example.com/01/" + body + check_digit(body) + "/21/" + serial;
  RC_ASSERT(canonical_epc(urn).has_value());
  RC_ASSERT(*canonical_epc(urn) == *canonical_epc(link));
}

RC_GTEST_PROP(Identifiers, one_wrong_digit_of_a_gtin_is_always_noticed, ()) {
  auto gtin = *rc::gen::container<std::string>(13, rc::gen::inRange('0', '9'));
  gtin += check_digit(gtin);
  const auto at = *rc::gen::inRange<std::size_t>(0, 14);
  const auto other = *rc::gen::inRange('0', ':');
  RC_PRE(other != gtin[at]);
  gtin[at] = other;
  RC_ASSERT(!canonical_epc("https://example.com/01/" + gtin + "/21/1"));
}

}  // namespace
}  // namespace fenrun::epcis
