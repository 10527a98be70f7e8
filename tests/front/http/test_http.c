/* The server in this process, by raw sockets: hostile requests, many clients, slow ones, stop. */
#include "front/http/server.h"

#include "base/arena.h"
#include "base/os.h"
#include "base/str.h"
#include "support/test_data.h"
#include "support/tiny_model.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define REPLY_MAX (1u << 22)
#define CLIENTS   32
#define ROUNDS    25

static const char digest[] = "1111111111111111111111111111111111111111111111111111111111111111";

struct stand { /* the app of the tests: one tiny model, feedback that is counted */
    struct test_folder folder;
    struct serving *serving;
    struct server *server;
    struct http_app app;
    atomic_int feedback;
};

static enum err_code infer(void *ctx, const struct http_infer *q, struct prediction **ret,
                           struct err *err)
{
    struct stand *t = ctx;
    if (q->model && str_eq(q->model, "none"))
        return err_set(err, ERR_NOT_FOUND, "model \"%s\" is not here", q->model);
    return serving_predict(t->serving, &q->request, ret, err);
}

static enum err_code feedback(void *ctx, const json_t *body, json_t **ret, struct err *err)
{
    struct stand *t = ctx;
    (void)body, (void)err;
    *ret = json_pack("{s:i}", "added", atomic_fetch_add(&t->feedback, 1) + 1);
    return ERR_OK;
}

static enum err_code status(void *ctx, json_t **ret, struct err *err)
{
    (void)ctx, (void)err;
    *ret = json_pack("{s:[s,s]}", "labels", "DRUG", "TEST");
    return ERR_OK;
}

static enum err_code ready(void *ctx, struct err *err)
{
    (void)ctx, (void)err;
    return ERR_OK;
}

static void stats(void *ctx, struct http_app_stats *ret)
{
    struct stand *t = ctx;
    serving_get_stats(t->serving, &ret->serving);
}

static void stand_open(struct stand *t, int request_ms, int idle_s)
{
    static const char *const names[] = {"my.name"};
    struct err err = {0};
    const struct serving_options so = serving_options_default();
    struct http_options o = http_options_default();
    memset(t, 0, sizeof *t);
    test_folder_make(&t->folder);
    cr_assert_eq(serving_new(&so, &t->serving, &err), ERR_OK, "%s", err.message);
    struct model *m = tiny_model(&t->folder, 32, 1);
    cr_assert_eq(serving_swap(t->serving, m, digest, &err), ERR_OK, "%s", err.message);
    t->app = (struct http_app){t, infer, feedback, status, ready, stats};
    o.port = 0;
    o.hosts = names;
    o.host_count = 1;
    if (request_ms) o.request_ms = request_ms;
    if (idle_s) o.idle_s = idle_s;
    cr_assert_eq(server_start(&o, &t->app, &t->server, &err), ERR_OK, "%s", err.message);
}

static void stand_close(struct stand *t)
{
    cr_expect_eq(server_stop(t->server, 0, 5000), 0);
    serving_free(t->serving);
    test_folder_remove(&t->folder);
}

static int dial(const struct stand *t)
{
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_port = htons((uint16_t)server_port(t->server)),
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    const struct timeval patience = {.tv_sec = 20};
    cr_assert_geq(fd, 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    cr_assert_eq(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
    return fd;
}

static bool send_all(int fd, const char *bytes, size_t len)
{
    while (len > 0) {
        const ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL);
        if (n <= 0) return false;
        bytes += n;
        len -= (size_t)n;
    }
    return true;
}

/* One reply: the head and as much body as it announces, or all until the end. Returns the status.
 * */
static int receive(int fd, struct buf *out)
{
    char part[65536];
    buf_clear(out);
    for (;;) {
        const char *head = strstr(out->data, "\r\n\r\n"),
                   *length = strstr(out->data, "Content-Length: ");
        if (head && length &&
            out->len >= (size_t)(head - out->data) + 4 + strtoul(length + 16, NULL, 10))
            break;
        const ssize_t n = recv(fd, part, sizeof part, 0);
        if (n <= 0) break;
        buf_add(out, part, (size_t)n);
    }
    if (out->len < 12) return 0;
    if (strncmp(out->data, "HTTP/1.1 100", 12) == 0) return 100;
    return (int)strtol(out->data + 9, NULL, 10);
}

/* ---- the table ---- */

/* {HOST}, {x*N} and \xNN; line ends become \r\n up to the empty line. */
static void expand(const char *from, const char *end, const char *host, struct buf *out)
{
    bool in_head = true;
    for (const char *p = from; p < end; p++) {
        const char *close = *p == '{' ? memchr(p, '}', (size_t)(end - p)) : NULL;
        if (close && memchr(p + 1, '{', (size_t)(close - p - 1))) close = NULL;
        const char *star = close ? memchr(p, '*', (size_t)(close - p)) : NULL;
        if (strncmp(p, "{HOST}", 6) == 0) {
            buf_adds(out, host);
            p += 5;
        } else if (star && star > p + 1) {
            for (long n = strtol(star + 1, NULL, 10); n > 0; n--)
                buf_add(out, p + 1, (size_t)(star - p - 1));
            p = close;
        } else if (strncmp(p, "\\x", 2) == 0) {
            const char hex[3] = {p[2], p[3], '\0'};
            buf_addc(out, (char)strtol(hex, NULL, 16));
            p += 3;
        } else if (*p == '\n') {
            const bool is_empty = p == from || p[-1] == '\n';
            if (in_head || strstr(out->data, "chunked")) buf_addc(out, '\r');
            buf_addc(out, '\n');
            if (is_empty) in_head = false;
        } else {
            buf_addc(out, *p);
        }
    }
}

/* {LEN} in the head becomes the length of the body, whose last line end belongs to the table. */
static void fill_length(struct buf *request)
{
    const char *place = strstr(request->data, "{LEN}"), *body = strstr(request->data, "\r\n\r\n");
    if (!place || !body) return;
    const size_t before = (size_t)(place - request->data);
    const size_t len = request->len - (size_t)(body + 4 - request->data) - 1;
    struct buf filled;
    buf_init(&filled, REPLY_MAX);
    buf_add(&filled, request->data, before);
    buf_addf(&filled, "%zu", len);
    buf_add(&filled, place + 5, request->len - before - 6);
    buf_release(request);
    *request = filled;
}

static void check_block(const struct stand *t, char *block, const char *host)
{
    struct buf request, reply;
    char *arrow = strstr(block, "\n-> ");
    cr_assert_not_null(arrow, "a block without ->: %s", block);
    buf_init(&request, REPLY_MAX);
    buf_init(&reply, REPLY_MAX);
    expand(block, arrow + 1, host, &request);
    fill_length(&request);
    char *rest = NULL, *line = strtok_r(arrow + 4, "\n", &rest);
    const long want = strtol(line, NULL, 10);
    const int fd = dial(t);
    (void)send_all(fd, request.data, request.len);
    const int got = receive(fd, &reply);
    close(fd);
    cr_expect(got == want || got / 100 == want, "%d came, %ld was expected, for:\n%.200s\n%.600s",
              got, want, block, reply.data);
    while ((line = strtok_r(NULL, "\n", &rest)))
        cr_expect_not_null(strstr(reply.data, line), "no \"%s\" in the reply to:\n%.200s\n%.900s",
                           line, block, reply.data);
    buf_release(&request);
    buf_release(&reply);
}

Test(http, hostile_and_plain_requests_get_the_right_answer)
{
    struct stand t;
    struct buf table;
    struct err err = {0};
    char host[64];
    buf_init(&table, 1u << 20);
    cr_assert_eq(os_read_file(test_source("front/http/requests.table"), 1u << 20, &table, &err),
                 ERR_OK);
    stand_open(&t, 0, 0);
    cr_assert(str_format(host, sizeof host, "127.0.0.1:%d", server_port(t.server)));
    char *block = strstr(table.data, "\nGET") + 1;
    while (block) {
        char *end = strstr(block, "\n%%\n");
        if (end) *end = '\0';
        check_block(&t, block, host);
        block = end ? end + 4 : NULL;
    }
    buf_release(&table);
    stand_close(&t);
}

/* ---- many ---- */

static int post(int fd, const char *body, struct buf *reply)
{
    struct buf request;
    buf_init(&request, REPLY_MAX);
    buf_addf(&request, "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: %zu\r\n\r\n%s",
             strlen(body), body);
    const bool sent = send_all(fd, request.data, request.len);
    buf_release(&request);
    return sent ? receive(fd, reply) : 0;
}

static char *body_of(struct rng *r)
{
    struct buf b;
    char *text = tiny_text(r, (int32_t)rng_below(r, 30));
    buf_init(&b, 1u << 20);
    buf_addf(&b, "{\"inputs\":\"%s\",\"parameters\":{\"ignore_labels\":[]}}", text);
    mem_free(text);
    return buf_take(&b);
}

struct client {
    struct stand *stand;
    char **bodies, **answers;
    int number, bad;
};

static void *run_client(void *ctx)
{
    struct client *c = ctx;
    struct buf reply;
    const int fd = dial(c->stand);
    buf_init(&reply, REPLY_MAX);
    for (int i = 0; i < ROUNDS; i++) {
        const int at = (c->number + i) % ROUNDS;
        const int got = post(fd, c->bodies[at], &reply);
        const char *body = strstr(reply.data, "\r\n\r\n");
        c->bad += got != 200 || !body || !str_eq(body + 4, c->answers[at]);
    }
    close(fd);
    buf_release(&reply);
    return NULL;
}

static void learn(struct stand *t, char **bodies, char **answers)
{
    struct buf reply;
    struct rng r;
    struct err err = {0};
    const int fd = dial(t);
    buf_init(&reply, REPLY_MAX);
    rng_init(&r, 4, RNG_SAMPLE, 0);
    for (int i = 0; i < ROUNDS; i++) {
        bodies[i] = body_of(&r);
        cr_assert_eq(post(fd, bodies[i], &reply), 200, "%s", reply.data);
        const char *body = strstr(reply.data, "\r\n\r\n") + 4;
        answers[i] = mem_try(strlen(body) + 1, 1, &err);
        memcpy(answers[i], body, strlen(body));
    }
    close(fd);
    buf_release(&reply);
}

static void run_clients(struct stand *t, int stop_after_ms)
{
    char *bodies[ROUNDS], *answers[ROUNDS];
    pthread_t threads[CLIENTS];
    struct client clients[CLIENTS];
    int bad = 0;
    learn(t, bodies, answers);
    for (int i = 0; i < CLIENTS; i++) {
        clients[i] = (struct client){t, bodies, answers, i, 0};
        cr_assert_eq(pthread_create(&threads[i], NULL, run_client, &clients[i]), 0);
    }
    if (stop_after_ms < 0) {
        for (int i = 0; i < CLIENTS; i++) pthread_join(threads[i], NULL), bad += clients[i].bad;
        cr_expect_eq(bad, 0, "%d answers are lost or differ", bad);
    } else {
        os_sleep_ms(stop_after_ms);
        cr_expect_eq(server_stop(t->server, 0, 10000), 0, "requests inside were cut");
        t->server = NULL;
        for (int i = 0; i < CLIENTS; i++) pthread_join(threads[i], NULL);
    }
    for (int i = 0; i < ROUNDS; i++) mem_free(bodies[i]), mem_free(answers[i]);
}

Test(http, many_clients_get_the_answers_of_one)
{
    struct stand t;
    stand_open(&t, 0, 0);
    run_clients(&t, -1);
    stand_close(&t);
}

Test(http, a_stop_under_load_finishes_what_is_inside)
{
    struct stand t;
    stand_open(&t, 0, 0);
    run_clients(&t, 10);
    stand_close(&t);
}

/* ---- slow, and gone ---- */

Test(http, slow_clients_are_told_and_cut)
{
    struct stand t;
    struct buf reply;
    stand_open(&t, 200, 1);
    buf_init(&reply, REPLY_MAX);
    const char *const starts[] = {
        "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 500\r\n\r\n{",
        "POST / HTTP/1.1\r\nHost: loc"};
    for (size_t i = 0; i < ARRAY_COUNT(starts); i++) {
        const int fd = dial(&t);
        cr_assert(send_all(fd, starts[i], strlen(starts[i])));
        for (int k = 0; k < 30 && send_all(fd, "a", 1); k++) { /* a byte now and then */
            char byte;
            os_sleep_ms(100);
            if (recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0) break;
        }
        cr_expect_eq(receive(fd, &reply), 408, "%s", reply.data);
        close(fd);
    }
    const int fd = dial(&t);
    cr_expect_eq(post(fd, "{\"inputs\":\"fever\"}", &reply), 200, "others are served");
    close(fd);
    buf_release(&reply);
    stand_close(&t);
}

Test(http, starts_only_where_it_may)
{
    struct stand t;
    struct err err = {0};
    stand_open(&t, 0, 0);
    struct http_options o = http_options_default();
    struct server *second = NULL;
    o.port = server_port(t.server);
    cr_expect_eq(server_start(&o, &t.app, &second, &err), ERR_IO, "the port is taken");
    o.address = "0.0.0.0";
    cr_expect_eq(server_start(&o, &t.app, &second, &err), ERR_BAD_INPUT, "not without insecure");
    o.address = "localhost";
    cr_expect_eq(server_start(&o, &t.app, &second, &err), ERR_BAD_INPUT);
    stand_close(&t);
}
