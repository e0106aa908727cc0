#include "node/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <memory>
#include <nlohmann/json.hpp>

namespace fenrun {
namespace {

spdlog::level::level_enum level_of(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return spdlog::level::debug;
    case LogLevel::info:
      return spdlog::level::info;
    case LogLevel::warn:
      return spdlog::level::warn;
    case LogLevel::error:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

}  // namespace

std::function<void(LogLevel, const std::string&)> make_logger(const std::string& node,
                                                              const std::string& level,
                                                              const std::string& format) {
  auto sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
  auto logger = std::make_shared<spdlog::logger>(node, sink);
  logger->set_level(spdlog::level::from_str(level));
  logger->flush_on(spdlog::level::warn);
  const bool json = format == "json";
  // UTC, so that the lines of all validators compare.
  logger->set_pattern(
      json ? R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l","node":"%n","message":%v})"
           : "%Y-%m-%dT%H:%M:%S.%eZ %-5l %n %v",
      spdlog::pattern_time_type::utc);
  return [logger, json](LogLevel line_level, const std::string& line) {
    const auto spdlog_level = level_of(line_level);
    if (!logger->should_log(spdlog_level)) return;
    logger->log(
        spdlog_level, "{}",
        json ? nlohmann::json(line).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)
             : line);
    logger->flush();
  };
}

}  // namespace fenrun
