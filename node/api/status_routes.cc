// How the node is: status, health, metrics.
#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include "node/api/answers.h"
#include "node/api/routes.h"
#include "node/json/reflect.h"
#include "node/json/time.h"

namespace fenrun::api {
namespace {

Json validator_view(const ValidatorStatus& validator) {
  return {{"name", validator.name},
          {"connected", validator.connected},
          {"finalized_height", validator.finalized_height.value()},
          {"voted", validator.voted}};
}

Json diagnosis_view(const Diagnosis& diagnosis) {
  Json missing = Json::array();
  for (const auto& validator : diagnosis.missing) {
    missing.push_back({{"name", validator.name},
                       {"linked", validator.linked},
                       {"silent_ms", validator.silent_ms}});
  }
  return {{"cause", std::string(name_of(diagnosis.cause))},
          {"missing_what", diagnosis.missing_what},
          {"missing", std::move(missing)},
          {"since_ms", diagnosis.since_ms},
          {"next", diagnosis.next}};
}

Result<HttpResponse> get_status(const NodeService& node, const Call& call) {
  const auto status = node.status();
  Json validators = Json::array();
  for (const auto& validator : status.validators) validators.push_back(validator_view(validator));
  Json view = {
      {"name", status.name},
      {"network", status.network},
      {"chain_id", to_hex(status.chain_id.view())},
      {"height", status.height.value()},
      {"entries", status.entries},
      {"tip_time", to_rfc3339(std::min(status.tip_time, kRfc3339Max))},
      {"epoch", status.epoch.value()},
      {"view", status.view.value()},
      {"leader", status.leader},
      {"ready", status.ready},
      {"voting", status.voting},
      {"catching_up", status.catching_up},
      {"mempool", {{"transactions", status.mempool_transactions}, {"bytes", status.mempool_bytes}}},
      {"evidence_seen", status.evidence_seen},
      {"uptime_ms", status.uptime_ms},
      {"ms_since_commit", status.ms_since_commit},
      {"validators", std::move(validators)}};
  if (status.joining) {
    view["joining"] = {{"height", status.joining->height.value()},
                       {"pieces_held", status.joining->pieces_held},
                       {"pieces", status.joining->pieces}};
  }
  if (status.base) view["base"] = status.base->value();
  if (status.disk_free_bytes) view["disk_free_bytes"] = *status.disk_free_bytes;
  if (status.recovery) view["recovery"] = json::write(*status.recovery);
  if (call.text("why")) {
    view["why"] = status.diagnosis.text();
    view["diagnosis"] = diagnosis_view(status.diagnosis);
  }
  return json_response(view);
}

Result<HttpResponse> get_health(const NodeService&, const Call&) {
  return text_response("ok\n", "text/plain; charset=utf-8");
}

// Strangers may ask: why it is so, and who is away, members learn from /v1/status.
Result<HttpResponse> get_readiness(const NodeService& node, const Call&) {
  if (!node.status().ready) return Error{Errc::not_ready, "GET /v1/status?why tells members why"};
  return text_response("ready\n", "text/plain; charset=utf-8");
}

prometheus::ClientMetric sample_of(const Metric& metric) {
  prometheus::ClientMetric sample;
  for (const auto& [name, value] : metric.labels) sample.label.push_back({name, value});
  switch (metric.kind) {
    case Metric::Kind::counter:
      sample.counter.value = metric.value;
      break;
    case Metric::Kind::gauge:
      sample.gauge.value = metric.value;
      break;
    case Metric::Kind::histogram:
      sample.histogram.sample_sum = metric.value;
      sample.histogram.sample_count = metric.count;
      for (const auto& bucket : metric.buckets) {
        sample.histogram.bucket.push_back({bucket.count, bucket.upper});
      }
      break;
  }
  return sample;
}

prometheus::MetricType type_of(Metric::Kind kind) {
  switch (kind) {
    case Metric::Kind::counter:
      return prometheus::MetricType::Counter;
    case Metric::Kind::gauge:
      return prometheus::MetricType::Gauge;
    case Metric::Kind::histogram:
      return prometheus::MetricType::Histogram;
  }
  UNREACHABLE();
}

Result<HttpResponse> get_metrics(const NodeService& node, const Call&) {
  std::vector<prometheus::MetricFamily> families;
  std::map<std::string, std::size_t> index;
  for (const auto& metric : node.metrics()) {
    const auto [it, is_new] = index.try_emplace(metric.name, families.size());
    if (is_new) {
      prometheus::MetricFamily family;
      family.name = "fenrun_" + metric.name;
      family.help = metric.help;
      family.type = type_of(metric.kind);
      families.push_back(std::move(family));
    }
    families[it->second].metric.push_back(sample_of(metric));
  }
  return text_response(prometheus::TextSerializer().Serialize(families),
                       "text/plain; version=0.0.4; charset=utf-8");
}

}  // namespace

std::vector<Route> status_routes(NodeService& node) {
  const auto on = [&node](auto handler) {
    return answer([&node, handler](const Call& call) { return handler(node, call); });
  };
  const std::string plain = "text/plain; charset=utf-8";
  return {
      {.method = "GET",
       .pattern = "/v1/status",
       .summary = "The node and the network as it sees it.",
       .query = {{"why", "Also says why nothing becomes final; empty when all is well."}},
       .handler = on(get_status)},
      {.method = "GET",
       .pattern = "/healthz",
       .access = Access::public_,
       .summary = "200 while the process answers.",
       .content_type = plain,
       .handler = on(get_health)},
      {.method = "GET",
       .pattern = "/readyz",
       .access = Access::public_,
       .summary = "200 while the node takes transactions, else 503.",
       .content_type = plain,
       .handler = on(get_readiness)},
      {.method = "GET",
       .pattern = "/metrics",
       .summary = "Metrics in Prometheus's text format.",
       .content_type = "text/plain; version=0.0.4; charset=utf-8",
       .handler = on(get_metrics)},
  };
}

}  // namespace fenrun::api
