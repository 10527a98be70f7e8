/* front/app/report_doc.h - a small document, written as Markdown or as one self-contained HTML
 * page.
 *
 *     struct doc d;
 *     doc_begin(&d, REPORT_HTML, REPORT_ENGLISH, "title", out);
 *     doc_heading(&d, 2, "Evidence");
 *     doc_table(&d, "Metric", "Value", NULL);
 *     doc_row(&d, "entity F1", "0.91", NULL);
 *     doc_table_end(&d);
 *     doc_end(&d);
 *
 * All text is escaped here: a goal or a note from a file cannot break the page. Private to the
 * room.
 */
#ifndef FRONT_APP_REPORT_DOC_H
#define FRONT_APP_REPORT_DOC_H

#include "front/app/app.h"

struct doc {
    enum report_format format;
    enum report_language language;
    struct buf *out; /* borrowed; its failure is sticky */
    int columns;
};
void doc_begin(struct doc *d, enum report_format format, enum report_language language,
               const char *title, struct buf *out);
void doc_end(struct doc *d);
void doc_heading(struct doc *d, int level, const char *text);
void doc_text(struct doc *d, const char *fmt, ...) PRINTF_LIKE(2, 3);
void doc_note(struct doc *d, const char *text); /* set apart: what is simulated, overridden */
void doc_table(struct doc *d, ...) __attribute__((sentinel));
void doc_row(struct doc *d, ...) __attribute__((sentinel));
void doc_table_end(struct doc *d);
/* The words of the report: English and Chinese side by side. */
#define W(d, english, chinese) ((d)->language == REPORT_CHINESE ? (chinese) : (english))

struct chart_bar {
    const char *name;
    double value, low, high; /* low, high NaN: no interval */
    bool rival;              /* drawn paler */
};
/* Horizontal bars from `least` to `most` with whiskers: SVG in HTML, nothing in Markdown (the same
 * numbers stand in a table beside it). */
void doc_chart(struct doc *d, const char *title, const struct chart_bar *bars, size_t count,
               double least, double most, const char *unit);

#endif
