/* front/cli/train.c - cairn train. The live table is drawn by progress.c while it runs. */
#include "front/cli/draw.h"
#include <stdio.h>

enum err_code cli_train(struct cli *c, struct err *err)
{
    json_t *result = NULL;
    int64_t seconds = -1;
    struct train_request r = {.resume = args_flag(&c->args, "resume"),
                              .from = args_value(&c->args, "from"),
                              .seed = -1,
                              .epochs = -1};
    if (args_words(&c->args, 0, 0, err)) return err->code;
    if (args_int(&c->args, "seed", 0, UINT32_MAX, &r.seed, err)) return err->code;
    if (args_int(&c->args, "epochs", 1, TRAIN_EPOCHS_MAX, &r.epochs, err)) return err->code;
    if (args_int(&c->args, "checkpoint-seconds", 0, 86400, &seconds, err)) return err->code;
    r.checkpoint_seconds = (int)seconds;
    if (app_train(c->app, &r, &result, err)) {
        if (err->code == ERR_INTERRUPTED) err_hint(err, "cairn train --resume goes on from there");
        return err->code;
    }
    if (!cli_json(c, result)) {
        const json_t *done = json_object_get(result, "result");
        printf("model %s: best epoch %lld, %.0f s, %.0f tokens/s, %s, %lld threads\n",
               draw_digest(result, "model"), draw_int(done, "best_epoch"),
               draw_num(done, "seconds"), draw_num(done, "tokens_per_s"),
               draw_text(done, "precision"), draw_int(done, "threads"));
        printf("next: cairn evaluate, then cairn gate poc\n");
    }
    json_decref(result);
    return ERR_OK;
}
