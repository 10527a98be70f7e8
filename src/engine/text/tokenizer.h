/* engine/text/tokenizer.h - text to WordPiece ids, each with the span it came from.
 *
 * Takes:  UTF-8 text and, when the text is already split into words (CoNLL), their spans.
 * Gives:  ids and, for each id, its span in code points of the *original* text and its word.
 *
 *     struct tokenizer *tok = NULL;
 *     if (tokenizer_open(model_dir, &tok, err)) return err->code;
 *     struct encoding e;
 *     encoding_init(&e);
 *     if (tokenizer_encode(tok, text, len, NULL, 0, &e, err)) ... // e is reused: once warm, no
 *     encoding_release(&e);                                       // allocation
 *     tokenizer_free(tok);
 *
 * Rules that always hold:
 *  1. Ids and spans equal those of Hugging Face's tokenizers (BertNormalizer, BertPreTokenizer,
 *     WordPiece), id for id and offset for offset, without the [CLS] and [SEP] around a text;
 *     a literal "[SEP]" in the text is a special token there and here.
 *  2. A word with any unknown piece becomes exactly one [UNK]; so does one longer than
 *     WORD_CHARS_MAX characters after clean-up (or what tokenizer.json says instead).
 *  3. Spans are in order and lie inside the input. Two pieces may share a span: one character of
 *     the text can become several (a Hangul syllable, taken apart).
 * Owner:   the caller owns what _open returns and every encoding.
 * Threads: an open tokenizer is read-only; share it freely. An encoding belongs to one thread.
 * Limits:  TEXT_BYTES_MAX, TEXT_TOKENS_MAX, VOCAB_COUNT_MAX, VOCAB_BYTES_MAX; past them ERR_LIMIT.
 * Source:  Devlin et al. 2018; huggingface/tokenizers (tests/oracle/wordpiece).
 */
#ifndef ENGINE_TEXT_TOKENIZER_H
#define ENGINE_TEXT_TOKENIZER_H

#include "base/buf.h"
#include <stdint.h>

struct tokenizer_options {
    bool lower_case;
    bool strip_accents; /* BERT: as lower_case unless said */
    bool split_cjk;     /* tokenize_chinese_chars */
    bool clean;         /* clean_text */
};

struct word_span { /* code points, [start, end) */
    int32_t start, end;
};

struct encoding {
    int32_t count;
    int32_t *id;
    int32_t *start, *end; /* code points of the original text */
    int32_t *word;        /* index of the pre-token, or of the caller's word */
    bool *first;          /* the first piece of its word */
    int32_t word_count;
    int32_t unknown_count; /* how many ids are [UNK] */
    int32_t cap;
    void *scratch; /* private */
};

struct tokenizer;

/* A Hugging Face directory: tokenizer.json when it is there (model WordPiece, normalizer
 * BertNormalizer; anything else is ERR_BAD_INPUT that names it), else vocab.txt with
 * tokenizer_config.json (do_lower_case, ...; without it, an uncased BERT as there). */
enum err_code tokenizer_open(const char *dir, struct tokenizer **ret, struct err *err) MUST_CHECK;
enum err_code tokenizer_open_vocab(const char *vocab_path, const struct tokenizer_options *options,
                                   struct tokenizer **ret, struct err *err) MUST_CHECK;
/* The same from bytes in memory; `name` stands in messages where a path would. */
enum err_code tokenizer_parse_json(const char *bytes, size_t len, const char *name,
                                   struct tokenizer **ret, struct err *err) MUST_CHECK;
enum err_code tokenizer_parse_vocab(const char *bytes, size_t len, const char *name,
                                    const struct tokenizer_options *options, struct tokenizer **ret,
                                    struct err *err) MUST_CHECK;
void tokenizer_free(struct tokenizer *tok);

int32_t tokenizer_vocab_count(const struct tokenizer *tok);
int32_t tokenizer_id(const struct tokenizer *tok, const char *piece); /* -1 when absent */
const char *tokenizer_piece(const struct tokenizer *tok, int32_t id); /* NULL when out of range */
int32_t tokenizer_cls(const struct tokenizer *tok);
int32_t tokenizer_sep(const struct tokenizer *tok);
int32_t tokenizer_unk(const struct tokenizer *tok);
int32_t tokenizer_pad(const struct tokenizer *tok);
const struct tokenizer_options *tokenizer_get_options(const struct tokenizer *tok);
/* Canonical digest of vocabulary and options, independent of the file they came from. */
void tokenizer_digest(const struct tokenizer *tok, char hex[65]);
/* Writes vocab.txt, tokenizer.json, tokenizer_config.json, special_tokens_map.json as transformers
 * reads them. */
enum err_code tokenizer_save(const struct tokenizer *tok, const char *dir,
                             struct err *err) MUST_CHECK;

/* The built form as bytes, which a cache keeps and opens in place without building. For the machine
 * that wrote it. Opening checks the form (ERR_CORRUPT), not that these are the right pieces; the
 * bytes are 8-byte aligned and outlive the tokenizer. */
enum err_code tokenizer_image_write(const struct tokenizer *tok, struct buf *out,
                                    struct err *err) MUST_CHECK;
enum err_code tokenizer_image_open(const void *bytes, size_t len, struct tokenizer **ret,
                                   struct err *err) MUST_CHECK;

void encoding_init(struct encoding *e);
void encoding_release(struct encoding *e);
/* words == NULL: words are BERT's own pre-tokens (white space, punctuation, CJK). Otherwise each
 * given word is encoded apart, as tokenizers does with is_pretokenized; spans are still of the
 * whole text. Words are in order and do not overlap, else ERR_BAD_INPUT; so is bad UTF-8, with its
 * byte offset. After an error the encoding holds nothing and can be used again. */
enum err_code tokenizer_encode(const struct tokenizer *tok, const char *text, size_t len,
                               const struct word_span *words, int32_t word_count,
                               struct encoding *e, struct err *err) MUST_CHECK;

#endif
