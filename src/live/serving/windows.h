/* live/serving/windows.h - a text of any length as model inputs of bounded length.
 *
 * Takes:  the encoding of the whole text (T tokens), room (the window without [CLS] and [SEP]), and
 *         how many tokens neighbours share.
 * Gives:  windows; for each, which tokens run and which of their rows are kept.
 *
 *     struct window_list list = {0};
 *     if (windows_by_words(&encoding, room, 32, &list, err)) return err->code;
 *     for (int32_t i = 0; i < list.count; i++) run(&list.items[i]);
 *     window_list_release(&list);
 *
 * By words, as in training and evaluation (proof/task/token_task.h): windows begin and end at words
 * and share up to `overlap` tokens; each token is kept from the one window in which it stands
 * further from a cut, so that there is one row a token: rows = T. A word longer than the room is
 * cut, not dropped.
 * By stride, as in transformers' pipeline: windows begin every room - stride tokens and keep all.
 * A text that fits is one window in both. Zero tokens: zero windows.
 * Threads: pure.
 */
#ifndef LIVE_SERVING_WINDOWS_H
#define LIVE_SERVING_WINDOWS_H

#include "engine/text/tokenizer.h"

struct window_part {
    int32_t first, count;           /* tokens that run */
    int32_t keep_first, keep_count; /* tokens whose rows are kept, inside those */
    int32_t row;                    /* where keep_first goes */
};
struct window_list {
    struct window_part *items; /* mem_free */
    int32_t count, cap;
    int32_t rows;   /* kept in all */
    int64_t tokens; /* run in all, without special tokens */
};

/* Both: ERR_LIMIT past TEXT_WINDOWS_MAX windows; ERR_NO_MEMORY. overlap is cut to room / 2. */
enum err_code windows_by_words(const struct encoding *e, int32_t room, int32_t overlap,
                               struct window_list *ret, struct err *err) MUST_CHECK;
/* ERR_BAD_INPUT when stride is not 0..room-1. */
enum err_code windows_by_stride(const struct encoding *e, int32_t room, int32_t stride,
                                struct window_list *ret, struct err *err) MUST_CHECK;
void window_list_release(struct window_list *w);

#endif
