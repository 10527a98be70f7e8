/* engine/text/tokenizer_internal.h - what an open tokenizer holds, and how the readers make one. */
#ifndef ENGINE_TEXT_TOKENIZER_INTERNAL_H
#define ENGINE_TEXT_TOKENIZER_INTERNAL_H

#include "base/limits.h"
#include "engine/text/tokenizer.h"
#include "engine/text/vocab_internal.h"

#define CONTINUATION        "##" /* before every piece that does not begin a word */
#define SPECIAL_BYTES_MAX   64
#define WORD_CHARS_MAX_MOST 10000 /* the largest max_input_chars_per_word that is accepted */

enum special { SPECIAL_PAD, SPECIAL_UNK, SPECIAL_CLS, SPECIAL_SEP, SPECIAL_MASK, SPECIAL_COUNT };
extern const char *const special_key[SPECIAL_COUNT]; /* "pad_token", ... as in the files */

/* What a byte of text does; the accents of ASCII are none, so these are all its rules. */
enum byte_kind { BYTE_WORD, BYTE_SPACE, BYTE_PUNCT, BYTE_DROP, BYTE_WIDE };

/* What a byte is where a word may begin (plain.c): those from PLAIN_WIDE on also leave open whether
 * the word before them has ended. */
enum plain_kind { PLAIN_WORD, PLAIN_PUNCT, PLAIN_SKIP, PLAIN_WIDE, PLAIN_STOP };

/* A token that is found in the raw text, before clean-up. */
struct added_token {
    int32_t id;
    bool special;
};

struct tokenizer {
    const void *image; /* NULL, or what vocab and pieces point into and do not own */
    struct tokenizer_options options;
    int32_t word_chars_max;
    struct vocab vocab;   /* the model's pieces, then added tokens that are not among them */
    int32_t model_count;  /* how many are the model's */
    struct trie pieces;   /* of the model */
    int32_t continuation; /* the slot in pieces after "##", or -1 */
    int32_t special[SPECIAL_COUNT]; /* ids; the mask may be -1 */
    struct added_token *added;      /* by id */
    int32_t added_count;
    struct trie added_trie;
    bool added_first[256]; /* bytes that an added token begins with */
    uint8_t kind[256];     /* enum byte_kind */
    uint8_t plain[256];    /* enum plain_kind */
    char lower[128];       /* ASCII in the case that the vocabulary has */
};

/* What a reader has found in its files, before it is checked as a whole. */
struct tokenizer_draft {
    struct tokenizer_options options;
    int32_t word_chars_max;
    char special_name[SPECIAL_COUNT][SPECIAL_BYTES_MAX];
    struct vocab vocab;
    int32_t model_count;
    struct added_token *added; /* any order; NULL: the special tokens that the vocabulary has */
    int32_t added_count;
};

/* BERT's own names and limits; options as for an uncased model. */
void tokenizer_draft_init(struct tokenizer_draft *d);
void tokenizer_draft_release(struct tokenizer_draft *d);
/* Builds the tokenizer; takes the draft's memory (releases it on failure too). */
enum err_code tokenizer_build(struct tokenizer_draft *d, struct tokenizer **ret,
                              struct err *err) MUST_CHECK;

/* Makes what follows from vocab, pieces and added: the trie of added tokens, the slot behind "##",
 * what each byte does. */
enum err_code tokenizer_derive(struct tokenizer *tok, struct err *err) MUST_CHECK;

#endif
