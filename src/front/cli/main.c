/* front/cli/main.c - words to a verb, a verb to an exit code. The environment is read here and
 * nowhere below: CAIRN_ISA, CAIRN_USER, XDG_CACHE_HOME, HOME. */
#include "base/os.h"
#include "base/str.h"
#include "front/cli/cli.h"
#include "front/cli/progress.h"
#include "front/cli/table.h"
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t stop_signals;

static void on_signal(int signal)
{
    (void)signal;
    stop_signals++;
}

bool cli_stop_asked(void *ctx)
{
    (void)ctx;
    return stop_signals > 0;
}

static void catch_signals(void)
{
    struct sigaction stop = {.sa_handler = on_signal};
    sigemptyset(&stop.sa_mask);
    sigaction(SIGINT, &stop, NULL);
    sigaction(SIGTERM, &stop, NULL);
}

static enum err_code read_environment(struct cli *c, char cache[PATH_BYTES_MAX], struct err *err)
{
    const char *isa = getenv("CAIRN_ISA"), *home = getenv("HOME"), *xdg = getenv("XDG_CACHE_HOME");
    const char *user = getenv("CAIRN_USER");
    enum isa level;
    if (isa && *isa) {
        if (isa_parse(isa, &level, err)) return err->code;
        isa_set_default(level);
    }
    if (!user || !*user) user = getenv("USER");
    const struct passwd *account = user && *user ? NULL : getpwuid(getuid());
    if (account) user = account->pw_name;
    if (user && utf8_valid_prefix(user, strlen(user)) != strlen(user))
        return err_set(err, ERR_BAD_INPUT, "CAIRN_USER or USER is not UTF-8 text");
    c->host.user = user && *user ? user : NULL;
    bool fits = xdg && *xdg
                    ? str_format(cache, PATH_BYTES_MAX, "%s/cairn", xdg)
                    : str_format(cache, PATH_BYTES_MAX, "%s/.cache/cairn", home ? home : "");
    if (!fits) return err_set(err, ERR_LIMIT, "HOME or XDG_CACHE_HOME is too long");
    c->host.cache_dir = cache;
    return ERR_OK;
}

/* Also when the words themselves are wrong and nothing was parsed. */
static bool wants_json(int argc, char **argv)
{
    for (int i = 0; i < argc && !str_eq(argv[i], "--"); i++)
        if (str_eq(argv[i], "--json")) return true;
    return false;
}

static void print_error(const struct cli *c, const struct err *e)
{
    if (c->args.json) {
        json_t *doc =
            json_pack("{s:s, s:s, s:s, s:s, s:s}", "schema", "cairn.error/v1", "code",
                      err_name(e->code), "error", e->message, "detail", e->detail, "hint", e->hint);
        (void)cli_json(c, doc);
        json_decref(doc);
    }
    fprintf(stderr, "%serror:%s %s\n", ink(INK_RED, true), ink_end(true), e->message);
    if (e->detail[0]) fprintf(stderr, "       %s\n", e->detail);
    if (e->hint[0])
        fprintf(stderr, "%shint:%s  %s\n", ink(INK_YELLOW, true), ink_end(true), e->hint);
}

/* The longest verb that the first words spell; *ret_words is how many they are. */
static const struct verb *find_verb(int argc, char **argv, int *ret_words)
{
    const struct verb *found = NULL;
    for (const struct verb *v = VERBS; v->name; v++) {
        const char *space = strchr(v->name, ' ');
        size_t len = space ? (size_t)(space - v->name) : strlen(v->name);
        if (strlen(argv[0]) != len || memcmp(argv[0], v->name, len) != 0) continue;
        if (!space) {
            if (!found) found = v, *ret_words = 1;
        } else if (argc > 1 && str_eq(argv[1], space + 1)) {
            found = v;
            *ret_words = 2;
        }
    }
    return found;
}

static enum err_code unknown_verb(char **argv, int argc, struct err *err)
{
    const char *names[64];
    size_t count = 0;
    char word[128];
    for (const struct verb *v = VERBS; v->name && count < ARRAY_COUNT(names); v++)
        names[count++] = v->name;
    bool two = argc > 1 && argv[1][0] != '-';
    (void)str_format(word, sizeof word, "%.50s%s%.50s", argv[0], two ? " " : "",
                     two ? argv[1] : "");
    const char *near = str_nearest(word, names, count);
    if (!near) near = str_nearest(argv[0], names, count);
    err_set(err, ERR_BAD_INPUT, "there is no verb \"%s\"", word);
    if (near) return err_hint(err, "did you mean cairn %s?", near);
    for (size_t i = 0; i < count; i++) {
        if (str_starts(names[i], argv[0]) && names[i][strlen(argv[0])] == ' ')
            return err_hint(err, "cairn %s, for one; cairn help lists all", names[i]);
    }
    return err_hint(err, "cairn help lists them");
}

enum err_code cli_app(struct cli *c, struct err *err)
{
    return c->app ? ERR_OK : app_open(&c->host, ".", &c->app, err);
}

bool cli_json(const struct cli *c, const json_t *result)
{
    struct buf text;
    if (!c->args.json) return false;
    buf_init(&text, 1u << 30);
    json_write(result, true, &text);
    fwrite(text.data, 1, text.len, stdout);
    fputc('\n', stdout);
    buf_release(&text);
    return true;
}

static enum err_code run(struct cli *c, int argc, char **argv, struct err *err)
{
    static const struct option none[] = {{0}};
    char cache[PATH_BYTES_MAX];
    int words = 0;
    int64_t threads = 0;
    if (argc && (str_eq(argv[0], "--version") || str_eq(argv[0], "-V"))) {
        printf("cairn %s\n", CAIRN_VERSION);
        return ERR_OK;
    }
    static char status_word[] = "status", help_word[] = "help";
    char *status[] = {status_word, NULL}, *help[] = {help_word, NULL};
    if (!argc || str_eq(argv[0], "--json"))
        argv = status, argc = 1;
    else if (str_eq(argv[0], "--help") || str_eq(argv[0], "-h"))
        argv = help, argc = 1;
    const struct verb *v = find_verb(argc, argv, &words);
    if (!v) return unknown_verb(argv, argc, err);
    if (read_environment(c, cache, err)) return err->code;
    if (args_parse(&c->args, v->options ? v->options : none, argc - words, argv + words, err))
        return err->code;
    if (c->args.help) return help_verb(v), ERR_OK;
    if (c->args.threads &&
        (str_to_i64(c->args.threads, &threads, err) || threads < 1 || threads > 1024))
        return err_set(err, ERR_BAD_INPUT, "--threads needs a number from 1 to 1024");
    c->host.threads = (int)threads;
    if (!v->outside && cli_app(c, err)) return err->code;
    return v->run(c, err);
}

int main(int argc, char **argv)
{
    struct cli c = {0};
    struct err err = {0};
    struct progress progress;
    catch_signals();
    progress_init(&progress);
    c.host.ctx = &progress;
    c.host.on_train = progress_train;
    c.host.on_step = progress_step;
    c.host.should_stop = cli_stop_asked;
    enum err_code code = run(&c, argc - 1, argv + 1, &err);
    progress_end(&progress);
    c.args.json = wants_json(argc - 1, argv + 1);
    if (code) print_error(&c, &err);
    app_close(c.app);
    bool written = fflush(stdout) == 0 && !ferror(stdout);
    if (!code && !written) {
        fprintf(stderr, "error: the output could not be written\n");
        return err_exit_code(ERR_IO);
    }
    return code ? err_exit_code(code) : c.exit_code;
}
