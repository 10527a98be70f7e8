#include "encoder_double.h"
#include "engine/model/encoder_internal.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct pass {
    const struct model *m;
    const double *p;
    const struct packed_batch *b;
    const struct dropout_key *drop; /* NULL: none */
};

static bool survives(const struct dropout *d, uint32_t index)
{
    uint32_t h = index + d->key0;
    h = (h ^ (h >> 16)) * 0x21f0aaadu ^ d->key1;
    h = (h ^ (h >> 15)) * 0xd35a2d97u;
    return (h ^ (h >> 15)) >= d->threshold;
}

static void drop_row(const struct pass *s, uint32_t site, int part, int row, float rate, int n,
                     double *x)
{
    if (!s->drop || rate == 0.0f) return;
    const struct dropout d = dropout_site(s->drop->seed, s->drop->step, site, (uint32_t)part, rate);
    for (int j = 0; j < n; j++)
        x[j] = survives(&d, (uint32_t)(row * n + j)) ? x[j] / (1.0 - (double)rate) : 0;
}

static void norm(const struct pass *s, int n, size_t gamma, size_t beta, double *x)
{
    double mean = 0, variance = 0;
    for (int j = 0; j < n; j++) mean += x[j] / n;
    for (int j = 0; j < n; j++) variance += (x[j] - mean) * (x[j] - mean) / n;
    const double rstd = 1 / sqrt(variance + (double)s->m->config.layer_norm_eps);
    for (int j = 0; j < n; j++)
        x[j] = (x[j] - mean) * rstd * s->p[gamma + (size_t)j] + s->p[beta + (size_t)j];
}

/* y [out] = x [in] W^T + b */
static void linear(const struct pass *s, const double *x, int in, size_t weight, size_t bias,
                   int out, double *y)
{
    for (int o = 0; o < out; o++) {
        y[o] = s->p[bias + (size_t)o];
        for (int i = 0; i < in; i++)
            y[o] += x[i] * s->p[weight + (size_t)o * (size_t)in + (size_t)i];
    }
}

static double gelu(double x)
{
    return 0.5 * x * (1 + erf(x / sqrt(2.0)));
}

static void attention(const struct pass *s, int layer, const double *qkv, double *context)
{
    const struct model_config *c = &s->m->config;
    const int h = c->hidden, d = h / c->heads;
    double *w = malloc((size_t)c->positions * sizeof *w);
    for (int q = 0; q < s->b->sequences; q++)
        for (int a = 0; a < c->heads; a++)
            for (int i = s->b->cu_len[q]; i < s->b->cu_len[q + 1]; i++) {
                const int first = s->b->cu_len[q], n = s->b->cu_len[q + 1] - first;
                double sum = 0;
                for (int j = 0; j < n; j++) {
                    w[j] = 0;
                    for (int k = 0; k < d; k++)
                        w[j] +=
                            qkv[i * 3 * h + a * d + k] * qkv[(first + j) * 3 * h + h + a * d + k];
                    w[j] = exp(w[j] / sqrt(d));
                    sum += w[j];
                }
                for (int j = 0; j < n; j++) w[j] /= sum;
                drop_row(s, site_of(layer, SITE_ATTENTION), first * c->heads + a, i - first,
                         c->dropout_attention, n, w);
                for (int k = 0; k < d; k++) {
                    double *out = &context[i * h + a * d + k];
                    *out = 0;
                    for (int j = 0; j < n; j++)
                        *out += w[j] * qkv[(first + j) * 3 * h + 2 * h + a * d + k];
                }
            }
    free(w);
}

static void layer_row(const struct pass *s, int layer, int t, const double *context, double *x)
{
    const struct model_config *c = &s->m->config;
    const struct layer_offsets *o = &s->m->layer[layer];
    const int h = c->hidden, inter = c->intermediate;
    double *y = calloc((size_t)(h + inter), sizeof *y), *act = y + h;
    linear(s, context, h, o->out_weight, o->out_bias, h, y);
    drop_row(s, site_of(layer, SITE_MIDDLE), 0, t, c->dropout_hidden, h, y);
    for (int j = 0; j < h; j++) x[j] += y[j];
    norm(s, h, o->norm1_gamma, o->norm1_beta, x);
    linear(s, x, h, o->up_weight, o->up_bias, inter, act);
    for (int j = 0; j < inter; j++) act[j] = gelu(act[j]);
    linear(s, act, inter, o->down_weight, o->down_bias, h, y);
    drop_row(s, site_of(layer, SITE_OUTPUT), 0, t, c->dropout_hidden, h, y);
    for (int j = 0; j < h; j++) x[j] += y[j];
    norm(s, h, o->norm2_gamma, o->norm2_beta, x);
    free(y);
}

static void embed(const struct pass *s, double *x)
{
    const struct model *m = s->m;
    const size_t h = (size_t)m->config.hidden;
    for (int q = 0; q < s->b->sequences; q++)
        for (int t = s->b->cu_len[q]; t < s->b->cu_len[q + 1]; t++) {
            const size_t id = (size_t)s->b->ids[t], position = (size_t)(t - s->b->cu_len[q]);
            const size_t type = s->b->types ? (size_t)s->b->types[t] : 0;
            double *row = x + (size_t)t * h;
            for (size_t j = 0; j < h; j++)
                row[j] = s->p[m->word_embeddings + id * h + j] +
                         s->p[m->type_embeddings + type * h + j] +
                         s->p[m->position_embeddings + position * h + j];
            norm(s, (int)h, m->embed_gamma, m->embed_beta, row);
            drop_row(s, SITE_EMBEDDINGS, 0, t, m->config.dropout_hidden, (int)h, row);
        }
}

double encoder_double_loss(const struct model *m, const double *params,
                           const struct packed_batch *b, const struct dropout_key *drop,
                           double *logits)
{
    const struct pass s = {m, params, b, drop};
    const int h = m->config.hidden, labels = m->config.labels, tokens = b->tokens;
    double *x = calloc((size_t)tokens * (size_t)h * 5, sizeof *x);
    double *qkv = x + tokens * h, *context = x + 4 * tokens * h;
    double z[64], loss = 0;
    int count = 0;
    embed(&s, x);
    for (int layer = 0; layer < m->config.layers; layer++) {
        const struct layer_offsets *o = &m->layer[layer];
        for (int t = 0; t < tokens; t++)
            linear(&s, x + t * h, h, o->qkv_weight, o->qkv_bias, 3 * h, qkv + t * 3 * h);
        attention(&s, layer, qkv, context);
        for (int t = 0; t < tokens; t++) layer_row(&s, layer, t, context + t * h, x + t * h);
    }
    for (int t = 0; t < tokens; t++) {
        drop_row(&s, SITE_HEAD, 0, t, m->config.dropout_head, h, x + t * h);
        linear(&s, x + t * h, h, m->head_weight, m->head_bias, labels, z);
        if (logits) memcpy(logits + t * labels, z, (size_t)labels * sizeof *z);
        if (b->targets[t] < 0) continue;
        double sum = 0;
        for (int j = 0; j < labels; j++) sum += exp(z[j]);
        loss += log(sum) - z[b->targets[t]];
        count++;
    }
    free(x);
    return loss / count;
}
