/* front/http/guard.c - is this request for us, from us, and of a clear length.
 *
 *  1. Host names this server. A page of another site can make a browser resolve its own name to
 *     127.0.0.1 (DNS rebinding); the browser still sends that name. "localhost", addresses in
 *     numbers and configured names are ours.
 *  2. Origin, when a browser sends it, is this very server: no other site may post on a user's
 *     behalf.
 *  3. The body has one length. Content-Length twice, or with Transfer-Encoding, is how requests are
 *     smuggled past a proxy; libmicrohttpd lets it through.
 *  4. The body says that it is JSON, or nothing. (curl -d says "form": its users mean JSON.)
 */
#include "front/http/http_internal.h"

#include "base/str.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

struct heads { /* headers that decide, and how often each came */
    const char *host, *origin, *length, *encoding, *type;
    int hosts, origins, lengths, encodings, types;
};

static enum MHD_Result note(void *cls, enum MHD_ValueKind kind, const char *name, const char *value)
{
    struct heads *h = cls;
    (void)kind;
    if (!value) value = "";
    if (strcasecmp(name, "Host") == 0)
        h->host = value, h->hosts++;
    else if (strcasecmp(name, "Origin") == 0)
        h->origin = value, h->origins++;
    else if (strcasecmp(name, "Content-Length") == 0)
        h->length = value, h->lengths++;
    else if (strcasecmp(name, "Transfer-Encoding") == 0)
        h->encoding = value, h->encodings++;
    else if (strcasecmp(name, "Content-Type") == 0)
        h->type = value, h->types++;
    return MHD_YES;
}

/* The name of "name", "name:port" or "[v6]:port" in lower case; false when it is none of these. */
static bool host_name(const char *host, char out[256])
{
    const char *end = host[0] == '[' ? strchr(host, ']') : strrchr(host, ':');
    if (host[0] == '[' && !end) return false;
    const char *port = host[0] == '[' ? end + 1 : end;
    const size_t len = host[0] == '[' ? (size_t)(end - host) + 1
                       : end          ? (size_t)(end - host)
                                      : strlen(host);
    if (len == 0 || len > 255) return false;
    if (port && port[0] != '\0' &&
        (port[0] != ':' || strspn(port + 1, "0123456789") == 0 ||
         port[1 + strspn(port + 1, "0123456789")] != '\0'))
        return false;
    for (size_t i = 0; i < len; i++)
        out[i] = (char)(host[i] >= 'A' && host[i] <= 'Z' ? host[i] + 32 : host[i]);
    out[len] = '\0';
    return true;
}

/* An address in numbers was looked up by nobody, so it cannot be rebound. */
static bool is_numeric(char *name)
{
    unsigned char address[16];
    const size_t len = strlen(name);
    if (name[0] != '[') return inet_pton(AF_INET, name, address) == 1;
    name[len - 1] = '\0';
    return inet_pton(AF_INET6, name + 1, address) == 1;
}

static bool is_our_name(const struct server *s, const char *host)
{
    char name[256];
    if (!host_name(host, name)) return false;
    if (str_eq(name, "localhost")) return true;
    for (int32_t i = 0; i < s->options.host_count; i++)
        if (strcasecmp(name, s->options.hosts[i]) == 0) return true;
    return is_numeric(name);
}

static int check_host(const struct server *s, const struct heads *h, struct err *err)
{
    if (h->hosts != 1) {
        err_set(err, ERR_BAD_INPUT, "a request needs one Host header");
        err_detail(err, "%d came", h->hosts);
        return 400;
    }
    if (is_our_name(s, h->host)) return 0;
    err_set(err, ERR_AUTH, "this server does not answer to that Host");
    err_detail(err, "Host was \"%.100s\"", h->host);
    err_hint(err, "use the address that the server printed at its start");
    return 403;
}

static int check_origin(const struct heads *h, struct err *err)
{
    if (h->origins == 0) return 0;
    const char *at = strstr(h->origin, "://");
    const bool is_http = str_starts(h->origin, "http://") || str_starts(h->origin, "https://");
    if (h->origins == 1 && is_http && strcasecmp(at + 3, h->host) == 0) return 0;
    err_set(err, ERR_AUTH, "requests from pages of other sites are refused");
    err_detail(err, "Origin was \"%.100s\"", h->origin);
    return 403;
}

static int check_length(const struct heads *h, struct err *err)
{
    const bool chunked = h->encodings == 1 && strcasecmp(h->encoding, "chunked") == 0;
    if (h->lengths + h->encodings <= 1 && (h->encodings == 0 || chunked)) return 0;
    err_set(err, ERR_BAD_INPUT, "the length of the body is not clear");
    err_detail(err, "%d Content-Length and %d Transfer-Encoding headers", h->lengths, h->encodings);
    err_hint(err, "send Content-Length once, or Transfer-Encoding: chunked");
    return 400;
}

/* "application/json; charset=utf-8" is application/json. */
static bool is_type(const char *value, const char *type)
{
    const size_t len = strlen(type);
    return strncasecmp(value, type, len) == 0 && (value[len] == '\0' || strchr("; \t", value[len]));
}

static int check_type(const struct exchange *x, const struct heads *h, struct err *err)
{
    if (!x->is_post || h->types == 0) return 0;
    if (h->types == 1 && (is_type(h->type, "application/json") ||
                          is_type(h->type, "application/x-www-form-urlencoded")))
        return 0;
    err_set(err, ERR_BAD_INPUT, "the body must be JSON");
    err_detail(err, "Content-Type was \"%.100s\"", h->type);
    err_hint(err, "send Content-Type: application/json");
    return 415;
}

int guard_check(const struct exchange *x, struct err *err)
{
    struct heads h = {0};
    (void)MHD_get_connection_values(x->connection, MHD_HEADER_KIND, note, &h);
    int status = check_length(&h, err);
    if (!status) status = check_host(x->server, &h, err);
    if (!status) status = check_origin(&h, err);
    if (!status) status = check_type(x, &h, err);
    return status;
}
