/* front/http/metrics.c - counters of requests, and /metrics: Prometheus text, version 0.0.4.
 *
 * Counters are atomic and have fixed places (route x status, route x bucket), so that counting
 * takes no lock and a hostile client cannot make new series.
 */
#include "front/http/http_internal.h"

#include "base/str.h"

static const int statuses[METRIC_STATUS_COUNT] = {200, 400, 401, 403, 404, 405, 408,
                                                  409, 413, 415, 429, 500, 503, 0};
static const char *const bucket_names[METRIC_BUCKET_COUNT] = {
    "0.001", "0.0025", "0.005", "0.01", "0.02", "0.03", "0.05",
    "0.1",   "0.25",   "0.5",   "1",    "2.5",  "5",    "10"};
static const int64_t bucket_us[METRIC_BUCKET_COUNT] = {1000,    2500,    5000,    10000,   20000,
                                                       30000,   50000,   100000,  250000,  500000,
                                                       1000000, 2500000, 5000000, 10000000};

static size_t place_of(const struct route *route)
{
    return route ? (size_t)(route - routes) : ROUTE_COUNT;
}

void metrics_count(struct metrics *m, const struct route *route, int status, int64_t us)
{
    const size_t r = place_of(route);
    size_t s = 0, b = 0;
    while (s < METRIC_STATUS_COUNT - 1 && statuses[s] != status && statuses[s] != 0) s++;
    while (b < METRIC_BUCKET_COUNT && us > bucket_us[b]) b++;
    atomic_fetch_add(&m->requests[r][s], 1);
    atomic_fetch_add(&m->buckets[r][b], 1);
    atomic_fetch_add(&m->sum_us[r], us);
}

static const char *route_name(size_t r)
{
    return r < ROUTE_COUNT ? routes[r].name : "none";
}

static void head(struct buf *out, const char *name, const char *type, const char *help)
{
    buf_addf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void single(struct buf *out, const char *name, const char *type, const char *help, int64_t v)
{
    head(out, name, type, help);
    buf_addf(out, "%s %lld\n", name, (long long)v);
}

static void write_requests(const struct metrics *m, struct buf *out)
{
    head(out, "cairn_http_requests_total", "counter", "Requests by route and status.");
    for (size_t r = 0; r <= ROUTE_COUNT; r++) {
        for (size_t s = 0; s < METRIC_STATUS_COUNT; s++) {
            const long long n = atomic_load(&m->requests[r][s]);
            if (n == 0) continue;
            buf_addf(out, "cairn_http_requests_total{route=\"%s\",status=\"", route_name(r));
            if (statuses[s])
                buf_addf(out, "%d\"} %lld\n", statuses[s], n);
            else
                buf_addf(out, "other\"} %lld\n", n);
        }
    }
}

static void write_latency(const struct metrics *m, struct buf *out)
{
    static const char name[] = "cairn_http_request_seconds";
    head(out, name, "histogram", "From the head of a request to the last byte of its reply.");
    for (size_t r = 0; r <= ROUTE_COUNT; r++) {
        long long sum = 0;
        long long counts[METRIC_BUCKET_COUNT + 1];
        for (size_t b = 0; b <= METRIC_BUCKET_COUNT; b++)
            sum += counts[b] = atomic_load(&m->buckets[r][b]);
        if (sum == 0) continue;
        sum = 0;
        for (size_t b = 0; b < METRIC_BUCKET_COUNT; b++) {
            sum += counts[b];
            buf_addf(out, "%s_bucket{route=\"%s\",le=\"%s\"} %lld\n", name, route_name(r),
                     bucket_names[b], sum);
        }
        sum += counts[METRIC_BUCKET_COUNT];
        buf_addf(out, "%s_bucket{route=\"%s\",le=\"+Inf\"} %lld\n", name, route_name(r), sum);
        buf_addf(out, "%s_sum{route=\"%s\"} %.6f\n", name, route_name(r),
                 (double)atomic_load(&m->sum_us[r]) / 1e6);
        buf_addf(out, "%s_count{route=\"%s\"} %lld\n", name, route_name(r), sum);
    }
}

static void write_batches(const struct serving_stats *s, struct buf *out)
{
    head(out, "cairn_batch_windows", "histogram", "Windows that ran together.");
    int64_t sum = 0;
    for (int i = 0; i < SERVING_BATCH_BUCKETS - 1; i++) {
        sum += s->batch_size[i];
        buf_addf(out, "cairn_batch_windows_bucket{le=\"%d\"} %lld\n", 1 << i, (long long)sum);
    }
    buf_addf(out, "cairn_batch_windows_bucket{le=\"+Inf\"} %lld\n", (long long)s->batches);
    buf_addf(out, "cairn_batch_windows_sum %lld\n", (long long)s->batch_windows);
    buf_addf(out, "cairn_batch_windows_count %lld\n", (long long)s->batches);
}

static void write_serving(const struct serving_stats *s, struct buf *out)
{
    head(out, "cairn_model_info", "gauge", "The model that answers, by digest.");
    if (s->model[0]) buf_addf(out, "cairn_model_info{model=\"%s\"} 1\n", s->model);
    single(out, "cairn_model_swaps_total", "counter", "Models put in place.", s->swaps);
    single(out, "cairn_texts_total", "counter", "Texts answered.", s->texts);
    single(out, "cairn_tokens_total", "counter", "Sub-words of answered texts.", s->tokens);
    single(out, "cairn_queue_texts", "gauge", "Texts that wait or run now.", s->queued);
    head(out, "cairn_requests_unanswered_total", "counter", "Requests without predictions.");
    const char *const why[] = {"queue_full", "deadline", "client_left", "failed"};
    const int64_t count[] = {s->busy, s->expired, s->gone, s->failed};
    for (size_t i = 0; i < ARRAY_COUNT(why); i++)
        buf_addf(out, "cairn_requests_unanswered_total{why=\"%s\"} %lld\n", why[i],
                 (long long)count[i]);
    write_batches(s, out);
}

void handle_metrics(struct exchange *x)
{
    struct http_app_stats stats = {0};
    struct buf *out = &x->reply.body;
    x->server->app.stats(x->server->app.ctx, &stats);
    write_requests(&x->server->metrics, out);
    write_latency(&x->server->metrics, out);
    single(out, "cairn_http_connections", "gauge", "Open connections.",
           atomic_load(&x->server->connections));
    write_serving(&stats.serving, out);
    single(out, "cairn_predictions_written_total", "counter",
           "Predictions that the registry keeps.", stats.predictions_written);
    single(out, "cairn_predictions_dropped_total", "counter", "Predictions answered but not kept.",
           stats.predictions_dropped);
    single(out, "cairn_feedback_total", "counter", "Feedback taken.", stats.feedback_count);
    x->reply.status = 200;
    x->reply.type = "text/plain; version=0.0.4; charset=utf-8";
}
