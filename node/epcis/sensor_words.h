// Bare words that sensor reports may use.
#pragma once

#include <string_view>

namespace fenrun::epcis {

enum class SensorWord {
  measurement,  // What is measured: "Temperature".
  alert,        // "ALARM_CONDITION".
  component,    // Along which axis: "x".
};

bool is_sensor_word(SensorWord kind, std::string_view word);

}  // namespace fenrun::epcis
