/* front/cli/progress.c - the bar is drawn over itself with a carriage return; a line of the table
 * takes its place at the end of each epoch. */
#include "front/cli/progress.h"
#include "base/os.h"
#include "front/cli/table.h"
#include <stdio.h>

#define DRAW_NS   (100 * INT64_C(1000000))
#define BAR_CELLS 24

void progress_init(struct progress *p)
{
    *p = (struct progress){0};
}

static void clear_bar(struct progress *p)
{
    if (p->bar_shown) fprintf(stderr, "\r\033[K");
    p->bar_shown = false;
}

static bool due(struct progress *p)
{
    int64_t now = os_monotonic_ns();
    if (!on_terminal(true) || now - p->drawn_ns < DRAW_NS) return false;
    p->drawn_ns = now;
    return true;
}

static void time_text(double seconds, char out[16])
{
    int s = seconds > 0 && seconds < 360000 ? (int)(seconds + 0.5) : 0;
    if (s < 3600)
        snprintf(out, 16, "%d:%02d", s / 60 % 60, s % 60);
    else
        snprintf(out, 16, "%d:%02d:%02d", s / 3600 % 100, s / 60 % 60, s % 60);
}

static void epoch_line(struct progress *p, const struct train_event *e)
{
    if (!p->head_shown) {
        fprintf(stderr, "%s  epoch     loss   dev P   dev R  dev F1  tokens/s%s\n",
                ink(INK_DIM, true), ink_end(true));
        p->head_shown = true;
    }
    fprintf(stderr, "  %2d/%-2d  %8.4f  %6.4f  %6.4f  %s%6.4f%s  %8.0f%s\n", e->epoch, e->epochs,
            e->loss, e->dev.precision, e->dev.recall, ink(e->best ? INK_GREEN : INK_PLAIN, true),
            e->dev.f1, ink_end(true), e->tokens_per_s, e->best ? "  best" : "");
}

void progress_train(void *ctx, const struct train_event *e)
{
    struct progress *p = ctx;
    char bar[BAR_CELLS + 3], eta[16];
    if (e->epoch_end) {
        clear_bar(p);
        epoch_line(p, e);
        return;
    }
    if (!due(p)) return;
    bar_text((double)e->step / (double)e->steps, BAR_CELLS, bar);
    time_text(e->eta_s, eta);
    fprintf(stderr, "\r\033[K  %s step %lld/%lld  loss %.4f  %.0f tokens/s  %s left", bar,
            (long long)e->step, (long long)e->steps, e->loss, e->tokens_per_s, eta);
    p->bar_shown = true;
}

void progress_step(void *ctx, const char *what, int64_t done, int64_t total)
{
    struct progress *p = ctx;
    char bar[BAR_CELLS + 3];
    if (!due(p)) return;
    bar_text(total > 0 ? (double)done / (double)total : 0, BAR_CELLS, bar);
    fprintf(stderr, "\r\033[K  %s %s %lld/%lld", bar, what, (long long)done, (long long)total);
    p->bar_shown = true;
}

void progress_end(struct progress *p)
{
    clear_bar(p);
}
