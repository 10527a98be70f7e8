/* How long texts are split: nothing lost, nothing twice, whole words where they fit. */
#include "live/serving/windows.h"

#include "base/limits.h"
#include "base/rng.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#define TOKENS_MAX 400

static bool first[TOKENS_MAX];

/* Words of 1..longest pieces. */
static struct encoding random_words(struct rng *r, int32_t count, uint32_t longest)
{
    for (int32_t i = 0, left = 0; i < count; i++, left--) {
        first[i] = left <= 0;
        if (first[i]) left = 1 + (int32_t)rng_below(r, longest);
    }
    return (struct encoding){.count = count, .first = first};
}

static void check_kept_once(const struct window_list *w, const struct encoding *e, int32_t room)
{
    int32_t at = 0;
    for (int32_t i = 0; i < w->count; i++) {
        const struct window_part *p = &w->items[i];
        cr_assert(p->count >= 1 && p->count <= room);
        cr_assert_eq(p->keep_first, at);
        cr_assert_eq(p->row, at);
        cr_assert(p->keep_count >= 0 && p->keep_first >= p->first);
        cr_assert_leq(p->keep_first + p->keep_count, p->first + p->count);
        cr_assert(i == 0 || p->first > w->items[i - 1].first);
        at += p->keep_count;
    }
    cr_assert_eq(at, e->count);
    cr_assert_eq(w->rows, e->count);
}

static void check_whole_words(const struct window_list *w, const struct encoding *e)
{
    for (int32_t i = 0; i < w->count; i++) {
        const struct window_part *p = &w->items[i];
        const int32_t end = p->first + p->count, seam = p->keep_first + p->keep_count;
        cr_assert(e->first[p->first]);
        cr_assert(end == e->count || e->first[end]);
        cr_assert(seam == e->count || e->first[seam]);
    }
}

Test(windows, by_words_keep_every_token_once)
{
    struct rng r;
    rng_init(&r, 1, RNG_SAMPLE, 0);
    for (int round = 0; round < 3000; round++) {
        const int32_t room = 1 + (int32_t)rng_below(&r, 40);
        const uint32_t longest = 1 + rng_below(&r, 60);
        const int32_t overlap = (int32_t)rng_below(&r, 60);
        const struct encoding e = random_words(&r, (int32_t)rng_below(&r, TOKENS_MAX), longest);
        struct window_list w = {0};
        struct err err = {0};
        cr_assert_eq(windows_by_words(&e, room, overlap, &w, &err), ERR_OK, "%s", err.message);
        check_kept_once(&w, &e, room);
        if ((int32_t)longest <= room) check_whole_words(&w, &e);
        cr_assert_eq(w.count == 0, e.count == 0);
        cr_assert(e.count > room || w.count <= 1);
        window_list_release(&w);
    }
}

Test(windows, share_context_on_both_sides_of_a_seam)
{
    struct rng r;
    rng_init(&r, 2, RNG_SAMPLE, 0);
    const struct encoding e = random_words(&r, TOKENS_MAX, 1);
    struct window_list w = {0};
    struct err err = {0};
    cr_assert_eq(windows_by_words(&e, 50, 20, &w, &err), ERR_OK);
    cr_assert_geq(w.count, 2);
    for (int32_t i = 0; i + 1 < w.count; i++) {
        const struct window_part *p = &w.items[i];
        cr_expect_eq(p->first + p->count - w.items[i + 1].first, 20, "the overlap");
        const int32_t seam = p->keep_first + p->keep_count;
        cr_expect_leq(abs((p->first + p->count - seam) - (seam - w.items[i + 1].first)), 2);
    }
    window_list_release(&w);
}

Test(windows, by_stride_are_those_of_transformers)
{
    const struct encoding e = {.count = 25, .first = first};
    struct window_list w = {0};
    struct err err = {0};
    cr_assert_eq(windows_by_stride(&e, 10, 4, &w, &err), ERR_OK);
    cr_assert_eq(w.count, 4); /* 0..10, 6..16, 12..22, 18..25 */
    for (int32_t i = 0; i < w.count; i++) {
        cr_expect_eq(w.items[i].first, 6 * i);
        cr_expect_eq(w.items[i].count, i == 3 ? 7 : 10);
        cr_expect_eq(w.items[i].row, 10 * i);
    }
    cr_expect_eq(w.rows, 37);
    window_list_release(&w);
    cr_expect_eq(windows_by_stride(&e, 10, 10, &w, &err), ERR_BAD_INPUT);
    cr_expect_eq(windows_by_stride(&e, 10, -1, &w, &err), ERR_BAD_INPUT);
}

Test(windows, too_many_are_refused)
{
    const struct encoding e = {.count = TEXT_WINDOWS_MAX + 2};
    struct window_list w = {0};
    struct err err = {0};
    cr_expect_eq(windows_by_stride(&e, 2, 1, &w, &err), ERR_LIMIT);
    cr_expect_null(w.items);
}
