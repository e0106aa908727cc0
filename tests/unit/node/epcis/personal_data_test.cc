#include "node/epcis/personal_data.h"

#include <gtest/gtest.h>

namespace fenrun::epcis {
namespace {

std::string found(std::string_view text) {
  return std::string(personal_data_in(text).value_or("nothing"));
}

TEST(PersonalData, mobile_numbers_are_recognised_wherever_they_stand) {
  for (const auto* text :
       {"13812345678", "tel:13812345678", "收件人13812345678,", "+8613812345678", "008613812345678",
        "x13812345678y", "19900000000", "https://a.b/u/13812345678", "138-1234-5678",
        "call 138 1234 5678.", "+86-138-1234-5678", "电话１３８１２３４５６７８",
        "１３８-1234-5678", "https://a.b/%31%33%38%31%32%33%34%35%36%37%38"}) {
    EXPECT_EQ(found(text), "a mobile number") << text;
  }
}

TEST(PersonalData, other_numbers_are_let_through) {
  for (const auto* text :
       {"12812345678", "1381234567", "138123456789", "8613812345678", "06901234567892",
        "urn:epc:id:sgtin:6901234.056789.B00001", "00/069012340000000115",
        "2026-05-06T19:05:12.345+08:00", "fc31138123456780123456789abcdef0fc31138123456780",
        "urn:uuid:123e4567-e89b-12d3-a456-13812345678a", "414/6901234000016", "", "138-1234-56789",
        "x138-1234-5678", "138-1234 5678", "%", "%zz", "\xEF\xBC", "％２"}) {
    EXPECT_EQ(found(text), "nothing") << text;
  }
}

TEST(PersonalData, resident_ids_need_a_date_and_a_right_check_character) {
  // The example of GB 11643-1999, and one that ends in X.
  EXPECT_EQ(found("11010519491231002X"), "a resident id");
  EXPECT_EQ(found("id=11010519491231002x;"), "a resident id");
  EXPECT_EQ(found("440524188001010014"), "a resident id");
  EXPECT_EQ(found("No440524188001010014"), "a resident id");
  EXPECT_EQ(found("440524188001010015"), "nothing");  // Check character.
  EXPECT_EQ(found("069012340000000115"), "nothing");  // An SSCC.
}

TEST(PersonalData, openids_are_recognised) {
  EXPECT_EQ(found("oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"), "an openid");
  EXPECT_EQ(found("openid:oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"), "an openid");
  EXPECT_EQ(found("oUpF8uMuAJO_M2pxb1Q9zNjWeS6oo"), "nothing");
  EXPECT_EQ(found("sgtin_not_accessible_at_all_"), "nothing");
}

TEST(PersonalData, the_error_names_the_member_and_not_the_data) {
  const auto json = parse_json(R"({"a/b": [{"note": "call 13812345678"}]})");
  ASSERT_TRUE(json);
  const auto status = refuse_personal_data(*json);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, Errc::personal_data);
  EXPECT_EQ(status.error().detail, "/a~1b/0/note: looks like a mobile number");

  const auto name = refuse_personal_data(*parse_json(R"({"x": {"13812345678": 1}})"));
  ASSERT_FALSE(name);
  EXPECT_EQ(name.error().detail, "/x: the name of a member looks like a mobile number");

  const auto root = refuse_personal_data(*parse_json(R"({"13812345678": 1})"));
  ASSERT_FALSE(root);
  EXPECT_EQ(root.error().detail, "/: the name of a member looks like a mobile number");

  const auto written = parse_json(R"({"n": 1.3812345678e10})", {.numbers = JsonNumbers::texts});
  ASSERT_TRUE(written);
  EXPECT_EQ(refuse_personal_data(*written).error().detail, "/n: looks like a mobile number");

  const auto number = refuse_personal_data(*parse_json(R"([1, 13812345678])"));
  ASSERT_FALSE(number);
  EXPECT_EQ(number.error().detail, "/1: looks like a mobile number");
}

}  // namespace
}  // namespace fenrun::epcis
