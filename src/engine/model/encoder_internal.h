/* engine/model/encoder_internal.h - what the files of the encoder share: memory, work lists,
 * layers.
 *
 * Shapes: T tokens of the batch, H hidden, I intermediate, A heads, D = H / A, N labels, V
 * vocabulary.
 */
#ifndef ENGINE_MODEL_ENCODER_INTERNAL_H
#define ENGINE_MODEL_ENCODER_INTERNAL_H

#include "engine/model/encoder.h"
#include "engine/model/packed_file.h"
#include "engine/tensor/kernels.h"
#include "engine/tensor/lowp.h"

struct layer_acts {     /* of one layer; serving has one set for all layers */
    float *qkv;         /* [T, 3H] */
    float *context;     /* [T, H]; training below fp32: one for all layers */
    float *xhat1, *y1;  /* [T, H] normalised, and after gamma and beta; xhat only when training */
    float *rstd1;       /* [T] */
    float *act, *slope; /* [T, I] gelu and gelu' of the product; slope only when training, and act
                         * only there in fp32 */
    float *xhat2, *y2;  /* [T, H] */
    float *rstd2;       /* [T] */
    /* Training below fp32: the operands of the same names, from forward to backward; else NULL. */
    void *context_op, *y1_op, *act_op, *y2_op;
};

struct layer_packed { /* serving: the four weights as products read them */
    const void *qkv, *out, *up, *down;
};

struct backward {    /* training: gradients of activations, reused by every layer */
    float *dy;       /* [T, H] of the layer's output, then of its input */
    float *dmid;     /* [T, H] of y1 */
    float *dsum;     /* [T, H] of a LayerNorm's input: the residual's share */
    float *ddrop;    /* [T, H] of a GEMM's output, behind its dropout */
    float *dbig;     /* [T, max(3H, I)] dpre or dqkv */
    float *dcontext; /* [T, H] */
    float *dlogits;  /* [T, N] */
    float *losses;   /* [T] */
    /* Below fp32: the operands of the same names, and what dW reads as weights: activations [T, I]
     * and [T, H] of the half layer at hand. */
    void *ddrop_op, *dbig_op;
    void *wide_weights, *thin_weights;
};

struct encoder {
    const struct model *model;
    struct encoder_options options;
    struct pool *pool;
    const struct kernels *kernels;
    const struct lowp *lowp; /* NULL: fp32 */
    int32_t threads, hidden, heads, head_dim, intermediate, labels;

    void *memory; /* one block for everything below, zeroed lazily by the system */
    float *embed_xhat, *embed_rstd, *embed_y; /* [T, H], [T], [T, H] */
    struct layer_acts *layer;                 /* [L] or [1] */
    struct packed_plan plan;                  /* serving */
    struct layer_packed *packed;              /* [L], serving */
    void *packed_block;                       /* owned; NULL: the model came with them */
    void *packed_data;                        /* in the block: what is packed here */
    void *turned_block, *turned; /* training below fp32: owned; weights for dx = dy W */
    void *operand, *operand_act; /* [T, H], [T, I], serving below fp32 */
    void *embed_op;              /* [T, H] embed_y as operand, training below fp32 */
    float *context;              /* [T, H] of the layer at hand, training below fp32 */
    float *sum;                  /* [T, H] a GEMM's output before LayerNorm */
    float *head_in;              /* [T, H] the head's input behind its dropout */
    float *logits;               /* [T, N] */
    struct backward back;
    struct gradients gradients;
    int32_t *word_row;  /* [T] which row of the words' gradients a token adds to */
    int32_t *word_seen; /* [V] all 0 between steps */
    int32_t *position;  /* [T] */
    float **scratch;    /* [threads] */

    struct packed_batch batch; /* of the running step */
    struct dropout_key key;
    bool drop;         /* this pass drops */
    const float *last; /* [T, H] hidden states of the last pass */
    int32_t last_tokens;
    bool backward_done; /* the activations of the last pass are gone */
    char *bad_name;
};

/* Dropout sites: one number a place in the network. */
enum { SITE_EMBEDDINGS, SITE_HEAD, SITE_LAYERS };
enum layer_site { SITE_ATTENTION, SITE_MIDDLE, SITE_OUTPUT, SITES_A_LAYER };
static inline uint32_t site_of(int32_t layer, enum layer_site s)
{
    return (uint32_t)SITE_LAYERS + (uint32_t)layer * SITES_A_LAYER + (uint32_t)s;
}
/* The masks of a [T, H] site; those of row t are row_mask's. */
struct dropout encoder_masks(const struct encoder *e, uint32_t site, float rate);
static inline struct dropout row_mask(struct dropout site, int32_t hidden, int32_t row)
{
    site.base = (uint32_t)row * (uint32_t)hidden;
    return site;
}

/* A work list: products and column sums that do not depend on each other, cut into pieces by their
 * outputs and run by the pool in one go. */
enum { WORK_MAX = 8 };
struct work_item {
    enum { WORK_GEMM, WORK_LOWP, WORK_LOWP_WEIGHT, WORK_COLUMN_SUM, WORK_COLUMN_DOT } kind;
    struct gemm gemm;
    struct lowp_gemm lowp;
    const float *x, *y; /* column sums: [rows, cols], row stride `row` */
    int32_t rows, cols;
    ptrdiff_t row;
    float *out;
    int32_t row_step, col_step, col_pieces, pieces;
};
struct work {
    struct work_item item[WORK_MAX];
    int count;
};
struct work_run {
    struct encoder *e;
    const struct work *work;
};
/* What a product reads and writes below fp32 in place of struct gemm's a, b and c. All NULL: it is
 * computed in fp32 (every product in fp32, and the head's in every precision). */
struct low {
    const void *a; /* operand; of dW = dy^T x: dy as operand, not transposed */
    const void *b; /* weights; NULL: gemm's, which are packed */
    void *out;     /* c as operand too, or alone when gemm's c is NULL; or NULL */
};
void work_gemm(const struct encoder *e, struct work *w, const struct gemm *g, struct low low);
void work_column_sum(struct work *w, int32_t rows, int32_t cols, const float *x, float *out);
void work_column_dot(struct work *w, int32_t rows, int32_t cols, const float *x, const float *y,
                     float *out);
void work_run(struct encoder *e, struct work *w); /* empties w */

/* Training below fp32 (encoder_train_lowp.c). */
void low_gemm(const struct encoder *e, struct work_item *i, const struct gemm *g, struct low low);
void low_weight_piece(struct encoder *e, const struct lowp_gemm *all, int32_t row0, int32_t row1,
                      int32_t col0, int32_t col1, void *scratch);
size_t low_scratch_bytes(const struct encoder *e);
enum err_code turned_new(struct encoder *e, struct err *err) MUST_CHECK;
void both_pack_all(struct encoder *e); /* after the parameters change */
/* NULL when products read the parameters where they are. */
const void *turned_find(const struct encoder *e, int32_t layer, enum packed_matrix which);

/* Runs fn(e, row) for every row of the batch, in pieces. */
typedef void row_fn(struct encoder *e, const void *ctx, int32_t row);
void run_rows(struct encoder *e, row_fn *fn, const void *ctx);
/* What else is made of the rows of a piece, after fn and by the same thread. */
struct rows_low {
    const float *y; /* [T, cols], which fn made: to `operand` unless that is NULL */
    int32_t cols;
    void *operand;
    struct {           /* operands [T, cols] that forward left, as weights for dW */
        const void *x; /* NULL: none */
        int32_t cols;
        void *weights;
    } turn[2];
};
/* fn may be NULL. */
void run_rows_low(struct encoder *e, row_fn *fn, const void *ctx, const struct rows_low *low);
/* Columns [col, col + head_dim) of y [T, cols], rows of a sequence, which a head made: to their
 * place in `operand`, unless that is NULL or heads share its words; then heads_low does it. */
void head_low(const struct encoder *e, int32_t sequence, int32_t col, const float *y, int32_t cols,
              void *operand);
/* After all heads. */
void heads_low(struct encoder *e, const float *y, int32_t cols, void *operand);
void run_heads(struct encoder *e,
               void (*fn)(struct encoder *e, const void *ctx, int32_t sequence, int32_t head,
                          float *scratch),
               const void *ctx);

struct attention; /* engine/tensor/attention.h */
void attention_place(const struct encoder *e, int32_t layer, int32_t sequence, int32_t head,
                     const float *qkv, struct attention *ret);

void forward_pass(struct encoder *e); /* batch, key and drop are set */
void lowp_forward_pass(struct encoder *e);
void gradient_rows(struct encoder *e); /* names the rows of the tables that the batch reads */
void backward_pass(struct encoder *e);
double loss_of_batch(struct encoder *e, int32_t target_count); /* fills dlogits; mean loss */

enum err_code encoder_memory_new(struct encoder *e, struct err *err) MUST_CHECK;
void encoder_place_layers(struct encoder *e, int32_t tokens); /* training: before each pass */

#endif
