/* front/app/report_doc.c - two writers behind one set of calls. The page has no script, no font and
 * no picture from elsewhere, so that it can be mailed and printed. */
#include "front/app/report_doc.h"
#include "base/str.h"
#include <math.h>
#include <stdarg.h>
#include <string.h>

static const char style[] =
    ":root{--ink:#1c2430;--dim:#667080;--line:#d9dee5;--bar:#2b6cb0;--rival:#b8c4d4;--note:#fff6dd}"
    "@media(prefers-color-scheme:dark){:root{--ink:#e6e9ee;--dim:#98a2b3;--line:#394150;"
    "--bar:#63a4e8;--rival:#4a5568;--note:#3a3320}body{background:#151a22}}"
    "body{font:16px/1.55 system-ui,'Noto Sans CJK SC',sans-serif;color:var(--ink);max-width:52rem;"
    "margin:2rem auto;padding:0 "
    "1.2rem}h1{font-size:1.7rem;margin-bottom:.2rem}h2{margin-top:2.2rem;"
    "font-size:1.2rem;border-bottom:1px solid var(--line);padding-bottom:.3rem}"
    "table{border-collapse:collapse;width:100%;font-size:.92rem;margin:.8rem 0}"
    "th{text-align:left;color:var(--dim);font-weight:600}th,td{padding:.3rem .8rem .3rem 0;"
    "border-bottom:1px solid var(--line);vertical-align:top;font-variant-numeric:tabular-nums}"
    ".note{background:var(--note);padding:.6rem .9rem;border-radius:.4rem;margin:.8rem 0}"
    "svg{width:100%;height:auto;margin:.4rem 0}svg text{fill:var(--ink);font-size:13px}"
    ".scroll{overflow-x:auto}";

static void add_html(struct buf *out, const char *s)
{
    for (; *s; s++) {
        switch (*s) {
        case '&':
            buf_adds(out, "&amp;");
            break;
        case '<':
            buf_adds(out, "&lt;");
            break;
        case '>':
            buf_adds(out, "&gt;");
            break;
        case '"':
            buf_adds(out, "&quot;");
            break;
        default:
            buf_addc(out, *s);
        }
    }
}

static void add_markdown(struct buf *out, const char *s)
{
    for (; *s; s++) {
        if (strchr("|*_`<>[]\\", *s)) buf_addc(out, '\\');
        buf_addc(out, *s == '\n' ? ' ' : *s);
    }
}

static void add(struct doc *d, const char *s)
{
    if (d->format == REPORT_HTML)
        add_html(d->out, s);
    else
        add_markdown(d->out, s);
}

void doc_begin(struct doc *d, enum report_format format, enum report_language language,
               const char *title, struct buf *out)
{
    *d = (struct doc){.format = format, .language = language, .out = out};
    if (format == REPORT_HTML) {
        buf_addf(out,
                 "<!doctype html>\n<html lang=\"%s\"><head><meta charset=\"utf-8\">"
                 "<meta name=\"viewport\" content=\"width=device-width\"><title>",
                 language == REPORT_CHINESE ? "zh" : "en");
        add_html(out, title);
        buf_addf(out, "</title><style>%s</style></head><body>\n", style);
    }
    doc_heading(d, 1, title);
}

void doc_end(struct doc *d)
{
    if (d->format == REPORT_HTML) buf_adds(d->out, "</body></html>\n");
}

void doc_heading(struct doc *d, int level, const char *text)
{
    if (d->format == REPORT_HTML) {
        buf_addf(d->out, "<h%d>", level);
        add(d, text);
        buf_addf(d->out, "</h%d>\n", level);
        return;
    }
    buf_addf(d->out, "%s%.*s ", level > 1 ? "\n" : "", level, "######");
    add(d, text);
    buf_adds(d->out, "\n\n");
}

void doc_text(struct doc *d, const char *fmt, ...)
{
    struct buf text;
    va_list args;
    buf_init(&text, 1u << 20);
    va_start(args, fmt);
    buf_addv(&text, fmt, args);
    va_end(args);
    buf_adds(d->out, d->format == REPORT_HTML ? "<p>" : "");
    add(d, text.data);
    buf_adds(d->out, d->format == REPORT_HTML ? "</p>\n" : "\n\n");
    buf_release(&text);
}

void doc_note(struct doc *d, const char *text)
{
    buf_adds(d->out, d->format == REPORT_HTML ? "<p class=\"note\">" : "> ");
    add(d, text);
    buf_adds(d->out, d->format == REPORT_HTML ? "</p>\n" : "\n\n");
}

static int cells(struct doc *d, va_list args, const char *open, const char *close)
{
    int count = 0;
    for (const char *cell; (cell = va_arg(args, const char *)) != NULL; count++) {
        buf_adds(d->out, open);
        add(d, cell);
        buf_adds(d->out, close);
    }
    return count;
}

void doc_table(struct doc *d, ...)
{
    va_list args;
    va_start(args, d);
    if (d->format == REPORT_HTML) {
        buf_adds(d->out, "<div class=\"scroll\"><table><thead><tr>");
        d->columns = cells(d, args, "<th>", "</th>");
        buf_adds(d->out, "</tr></thead><tbody>\n");
    } else {
        d->columns = cells(d, args, "| ", " ");
        buf_adds(d->out, "|\n");
        for (int i = 0; i < d->columns; i++) buf_adds(d->out, "|---");
        buf_adds(d->out, "|\n");
    }
    va_end(args);
}

void doc_row(struct doc *d, ...)
{
    va_list args;
    va_start(args, d);
    bool html = d->format == REPORT_HTML;
    buf_adds(d->out, html ? "<tr>" : "");
    int count = cells(d, args, html ? "<td>" : "| ", html ? "</td>" : " ");
    for (; count < d->columns; count++) buf_adds(d->out, html ? "<td></td>" : "| ");
    buf_adds(d->out, html ? "</tr>\n" : "|\n");
    va_end(args);
}

void doc_table_end(struct doc *d)
{
    buf_adds(d->out, d->format == REPORT_HTML ? "</tbody></table></div>\n" : "\n");
}

#define CHART_LEFT  190.0
#define CHART_WIDTH 430.0
#define ROW_HEIGHT  26.0

static double place(double v, double least, double most)
{
    double share = (v - least) / (most - least);
    return CHART_LEFT + CHART_WIDTH * fmin(fmax(share, 0), 1);
}

void doc_chart(struct doc *d, const char *title, const struct chart_bar *bars, size_t count,
               double least, double most, const char *unit)
{
    if (d->format != REPORT_HTML || !count || !(most > least)) return;
    struct buf *out = d->out;
    double zero = place(fmax(least, fmin(0, most)), least, most);
    buf_addf(out, "<svg viewBox=\"0 0 760 %.0f\" role=\"img\" aria-label=\"",
             ROW_HEIGHT * (double)count + 8);
    add_html(out, title);
    buf_adds(out, "\">\n");
    for (size_t i = 0; i < count; i++) {
        const struct chart_bar *b = &bars[i];
        double y = ROW_HEIGHT * (double)i + 4, x = place(b->value, least, most);
        buf_addf(out, "<text x=\"%.0f\" y=\"%.1f\" text-anchor=\"end\">", CHART_LEFT - 10, y + 15);
        add_html(out, b->name);
        buf_addf(out,
                 "</text><rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"16\" rx=\"2\" "
                 "fill=\"var(--%s)\"/>",
                 fmin(x, zero), y + 2, fmax(fabs(x - zero), 1), b->rival ? "rival" : "bar");
        double end = x;
        if (!isnan(b->low) && !isnan(b->high)) {
            end = place(b->high, least, most);
            buf_addf(out,
                     "<line x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\" "
                     "stroke=\"var(--ink)\" stroke-width=\"1.5\"/>",
                     place(b->low, least, most), end, y + 10, y + 10);
        }
        buf_addf(out, "<text x=\"%.1f\" y=\"%.1f\">%.*f%s</text>\n", fmax(end, zero) + 8, y + 15,
                 most > 1 ? 0 : 3, b->value, unit); /* shares, or whole amounts */
    }
    buf_adds(out, "</svg>\n");
}
