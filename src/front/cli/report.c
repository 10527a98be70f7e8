/* front/cli/report.c - cairn report: Markdown to stdout or a file, or one HTML page. */
#include "base/os.h"
#include "base/str.h"
#include "front/cli/draw.h"
#include <stdio.h>

#define REPORT_BYTES_MAX (64u << 20)

static enum err_code write_report(struct cli *c, enum report_format format, const char *path,
                                  struct err *err)
{
    struct buf out;
    struct report_request r = {
        .format = format, .language = args_flag(&c->args, "zh") ? REPORT_CHINESE : REPORT_ENGLISH};
    buf_init(&out, REPORT_BYTES_MAX);
    if (app_report(c->app, &r, &out, err) || buf_check(&out, err)) goto done;
    if (str_eq(path, "-")) {
        fwrite(out.data, 1, out.len, stdout);
    } else if (os_write_atomic(path, out.data, out.len, err) == ERR_OK) {
        fprintf(stderr, "wrote %s\n", path);
    }
done:
    buf_release(&out);
    return err->code;
}

enum err_code cli_report(struct cli *c, struct err *err)
{
    const char *html = args_value(&c->args, "html"), *markdown = args_value(&c->args, "markdown");
    json_t *data = NULL;
    if (args_words(&c->args, 0, 0, err)) return err->code;
    if (html && write_report(c, REPORT_HTML, html, err)) return err->code;
    if (markdown && write_report(c, REPORT_MARKDOWN, markdown, err)) return err->code;
    if (c->args.json) {
        if (app_report_data(c->app, &data, err)) return err->code;
        (void)cli_json(c, data);
        json_decref(data);
        return ERR_OK;
    }
    return html || markdown ? ERR_OK : write_report(c, REPORT_MARKDOWN, "-", err);
}
