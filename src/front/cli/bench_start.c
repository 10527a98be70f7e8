/* front/cli/bench_start.c - cairn bench start: how long from the start of a process to its first
 * answer over HTTP, as somebody who restarts a server sees it.
 *
 * A use case with the model as its candidate is made in a temporary folder; then `cairn serve` is
 * started again and again on a free port, asked one question as soon as it says its port, and
 * stopped. The first start, which creates the registry, is not counted. Servers that stop so soon
 * cache nothing: these are the starts with a new model. Then one is left to run until it has cached
 * the model (in the temporary folder too), and the others start from there. The last of them is
 * also sent a request that fills a batch, and tells how much memory it has come to. */
#include "front/cli/bench.h"
#include "base/os.h"
#include "base/str.h"
#include "front/cli/child.h"
#include "live/serving/serving.h"
#include <arpa/inet.h>
#include <errno.h>
#include <math.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LOAD_TEXTS = 64, LOAD_SENTENCES = 5 }; /* 64 texts of about 60 tokens */
enum { STARTS = 11, NEW_STARTS = 5, CACHE_MS_MAX = 60000, REPLY_BYTES_MAX = 1 << 20 };

#define SENTENCE "No sign of pneumonia in the left lung."
static const char question[] = "{\"inputs\": \"" SENTENCE "\"}";

/* Reads what the server announces until it is a whole document. */
static enum err_code read_port(struct child *server, int *ret, struct err *err)
{
    struct buf said;
    bool ended = false;
    json_t *doc = NULL;
    int64_t port = 0;
    buf_init(&said, REPLY_BYTES_MAX);
    while (!doc && !ended && !child_read(server, &said, &ended, err)) {
        struct err none = {0};
        (void)!json_parse(said.data, said.len, &JSON_LIMITS_FILE, &doc, &none);
    }
    if (!err->code && !doc)
        err_set(err, ERR_IO, "cairn serve ended before it served");
    else if (!err->code && !json_need_int(doc, "port", &port, err))
        *ret = (int)port;
    json_decref(doc);
    buf_release(&said);
    return err->code;
}

static enum err_code send_all(int fd, const char *bytes, size_t len, struct err *err)
{
    while (len > 0) {
        ssize_t sent = send(fd, bytes, len, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        if (sent < 0) return err_set(err, ERR_IO, "the server hung up: %s", strerror(errno));
        bytes += sent;
        len -= (size_t)sent;
    }
    return ERR_OK;
}

static enum err_code expect_answer(int fd, struct err *err)
{
    char reply[256] = "", rest[4096];
    size_t len = 0;
    for (;;) {
        bool head = len < sizeof reply - 1;
        ssize_t got = head ? recv(fd, reply + len, sizeof reply - 1 - len, 0)
                           : recv(fd, rest, sizeof rest, 0);
        if (got < 0 && errno == EINTR && !cli_stop_asked(NULL)) continue;
        if (got < 0) return err_set(err, ERR_IO, "no answer: %s", strerror(errno));
        if (got == 0) break;
        if (head) len += (size_t)got;
    }
    if (str_starts(reply, "HTTP/1.1 200 ")) return ERR_OK;
    return err_set(err, ERR_IO, "the server answered %.*s", (int)strcspn(reply, "\r\n"), reply);
}

static enum err_code ask(int port, const char *body, size_t len, struct err *err)
{
    char head[256];
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    (void)str_format(head, sizeof head,
                     "POST / HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nContent-Type: "
                     "application/json\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n",
                     port, len);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0) return err_set(err, ERR_IO, "no socket: %s", strerror(errno));
    if (connect(fd, (const struct sockaddr *)&at, sizeof at))
        err_set(err, ERR_IO, "port %d does not answer: %s", port, strerror(errno));
    else if (!send_all(fd, head, strlen(head), err) && !send_all(fd, body, len, err))
        (void)!expect_answer(fd, err);
    close(fd);
    return err->code;
}

static enum err_code ask_many(int port, struct err *err)
{
    struct buf body;
    buf_init(&body, REPLY_BYTES_MAX);
    buf_adds(&body, "{\"inputs\": [");
    for (int i = 0; i < LOAD_TEXTS; i++) {
        buf_adds(&body, i ? ", \"" : "\"");
        for (int k = 0; k < LOAD_SENTENCES; k++) buf_adds(&body, k ? " " SENTENCE : SENTENCE);
        buf_adds(&body, "\"");
    }
    buf_adds(&body, "]}");
    if (!buf_check(&body, err)) (void)!ask(port, body.data, body.len, err);
    buf_release(&body);
    return err->code;
}

/* Until the server has cached its model. */
static enum err_code wait_for_cache(const char *packed_dir, struct err *err)
{
    int count = 0;
    int64_t bytes = 0;
    for (int waited_ms = 0; waited_ms < CACHE_MS_MAX && !cli_stop_asked(NULL); waited_ms += 50) {
        serving_cache_size(packed_dir, &count, &bytes);
        if (count > 0) return ERR_OK;
        os_sleep_ms(50);
    }
    return err_set(err, ERR_IO, "the server did not cache its model in %s", packed_dir);
}

struct start {
    const char *folder, *threads;
    const char *packed_dir; /* wait for it to be filled; NULL: stop at once */
    int64_t *peak_bytes;    /* after many texts; NULL: not asked */
};

static enum err_code one_start(const struct start *s, double *ret_ms, struct err *err)
{
    const char *words[] = {"cairn",    "serve",      "--port", "0",
                           "--model",  "@candidate", "--json", s->threads ? "--threads" : NULL,
                           s->threads, NULL};
    struct child server;
    int port = 0;
    int64_t began = os_monotonic_ns();
    if (child_start(words, s->folder, true, &server, err)) return err->code;
    if (!read_port(&server, &port, err) && !ask(port, question, strlen(question), err)) {
        *ret_ms = (double)(os_monotonic_ns() - began) / 1e6;
        if (s->packed_dir) (void)!wait_for_cache(s->packed_dir, err);
        if (s->peak_bytes && !ask_many(port, err)) *s->peak_bytes = child_peak_bytes(&server);
    }
    (void)child_end(&server, SIGTERM);
    return err->code;
}

static enum err_code some_starts(struct cli *c, const struct start *s, int count, double *ms,
                                 struct err *err)
{
    for (int i = 0; i < count; i++) {
        if (cli_stop_asked(NULL)) return err_set(err, ERR_INTERRUPTED, "interrupted");
        c->host.on_step(c->host.ctx, "start", i, count);
        if (one_start(s, &ms[i], err)) return err->code;
    }
    return ERR_OK;
}

/* {"median", "fastest"}; sorts. */
static json_t *summary(double *ms, int count)
{
    for (int i = 1; i < count; i++) { /* insertion: eleven numbers */
        for (int k = i; k > 0 && ms[k] < ms[k - 1]; k--) {
            double keep = ms[k];
            ms[k] = ms[k - 1];
            ms[k - 1] = keep;
        }
    }
    return json_pack("{s:f, s:f}", "median", ms[count / 2], "fastest", ms[0]);
}

static enum err_code all_starts(struct cli *c, const char *folder, const char *packed_dir,
                                json_t **ret, struct err *err)
{
    double first, fresh[NEW_STARTS], ms[STARTS];
    struct start s = {.folder = folder, .threads = c->args.threads};
    if (some_starts(c, &s, 1, &first, err) || some_starts(c, &s, NEW_STARTS, fresh, err))
        return err->code;
    s.packed_dir = packed_dir;
    if (some_starts(c, &s, 1, &first, err)) return err->code;
    s.packed_dir = NULL;
    if (some_starts(c, &s, STARTS, ms, err)) return err->code;
    int64_t peak = 0;
    s.peak_bytes = &peak;
    if (one_start(&s, &first, err)) return err->code;
    json_t *times = json_array();
    for (int i = 0; i < STARTS; i++) json_array_append_new(times, json_real(ms[i]));
    *ret = json_pack("{s:i, s:o, s:o, s:o, s:I}", "starts", STARTS, "ms", summary(ms, STARTS),
                     "new_model_ms", summary(fresh, NEW_STARTS), "times_ms", times,
                     "peak_rss_bytes", (json_int_t)peak);
    return ERR_OK;
}

/* The servers' cache lies in the temporary folder: they inherit where. */
static enum err_code make_cache(const char *folder, char packed_dir[PATH_BYTES_MAX],
                                struct err *err)
{
    char cache[PATH_BYTES_MAX];
    if (os_join(cache, folder, "cache", err)) return err->code;
    if (setenv("XDG_CACHE_HOME", cache, 1))
        return err_set(err, ERR_NO_MEMORY, "no memory for an environment variable");
    return os_join(packed_dir, cache, "cairn/packed", err);
}

enum err_code bench_start(struct cli *c, const struct bench_request *r, json_t **ret,
                          struct err *err)
{
    const char *temporary = getenv("TMPDIR");
    char folder[PATH_BYTES_MAX], use_case[PATH_BYTES_MAX], packed[PATH_BYTES_MAX];
    struct err ignored = {0};
    if (!temporary || !*temporary) temporary = "/tmp";
    if (os_join(folder, temporary, "cairn-bench-XXXXXX", err)) return err->code;
    if (!mkdtemp(folder))
        return err_set(err, ERR_IO, "no folder in %s: %s", temporary, strerror(errno));
    if (!os_join(use_case, folder, "use-case", err) &&
        !app_bench_use_case(&c->host, r, use_case, err) && !make_cache(folder, packed, err))
        (void)!all_starts(c, use_case, packed, ret, err);
    (void)!os_remove_tree(folder, &ignored);
    return err->code;
}
