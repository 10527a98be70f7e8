/* front/app/report_words.h - the report's own words in the reader's language.
 *
 * The rooms below speak English in what they record; a Chinese reader gets the same facts, said
 * from the numbers of the record, never translated from its sentences. What a person wrote (goal,
 * notes, reasons) stays as it is. Private to the room.
 */
#ifndef FRONT_APP_REPORT_WORDS_H
#define FRONT_APP_REPORT_WORDS_H

#include "front/app/report_doc.h"

#define SENTENCE_BYTES 400

/* A fixed word or phrase; one that is not known, and every one in English, comes back as it is. */
const char *say(const struct doc *d, const char *english);
/* "gate:poc:PASS" and other milestones. */
const char *say_milestone(const struct doc *d, const char *what, char out[SENTENCE_BYTES]);
/* Why a criterion has its verdict: a line of a gate (docs/formats/evidence.md). */
const char *say_why(const struct doc *d, const json_t *line, char out[SENTENCE_BYTES]);
/* What the token table hides: an evaluation. */
const char *say_tokens(const struct doc *d, const json_t *evaluation, char out[SENTENCE_BYTES]);
/* What it is worth; how much it is used. */
const char *say_value(const struct doc *d, const json_t *value, char out[SENTENCE_BYTES]);
const char *say_usage(const struct doc *d, const json_t *usage, char out[SENTENCE_BYTES]);

#endif
