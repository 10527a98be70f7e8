/* tests/oracle/tokenize_dump.c - the tokenizer for tools/oracle/tokenizer.py to compare with.
 *
 *     tokenize_dump VOCAB LOWER STRIP_ACCENTS SPLIT_CJK CLEAN < texts > encodings
 *
 * VOCAB is a vocab.txt, the options are 0 or 1. One text a line: its UTF-8 in hex, then, for a
 * text that is already split, " start-end" for each word. One line out for each:
 * "id:start:end:word" for each piece, with blanks between. Not a program for users: it stops at the
 * first odd line.
 */
#include "base/arena.h"
#include "base/limits.h"
#include "engine/text/tokenizer.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORDS_MAX 4096

struct line {
    char *text;
    size_t len;
    struct word_span words[WORDS_MAX];
    int32_t word_count;
    bool split;
};

static int digit(char c)
{
    return isdigit((unsigned char)c) ? c - '0' : c - 'a' + 10;
}

static void parse(const char *in, struct line *l)
{
    l->len = 0;
    for (; isxdigit((unsigned char)in[0]); in += 2)
        l->text[l->len++] = (char)(digit(in[0]) * 16 + digit(in[1]));
    l->word_count = 0;
    l->split = *in == ' ';
    while (*in == ' ' && l->word_count < WORDS_MAX) {
        char *end = NULL;
        long start = strtol(in + 1, &end, 10);
        if (end == in + 1) break; /* split into no words */
        long stop = strtol(end + 1, &end, 10);
        l->words[l->word_count++] = (struct word_span){(int32_t)start, (int32_t)stop};
        in = end;
    }
}

static int run(const struct tokenizer *tok, char *in, struct line *l)
{
    struct err err = {0};
    struct encoding e;
    encoding_init(&e);
    while (fgets(in, 2 * TEXT_BYTES_MAX, stdin)) {
        parse(in, l);
        if (tokenizer_encode(tok, l->text, l->len, l->split ? l->words : NULL, l->word_count, &e,
                             &err)) {
            fprintf(stderr, "%s\n", err.message);
            return 1;
        }
        for (int32_t i = 0; i < e.count; i++)
            printf("%s%d:%d:%d:%d", i ? " " : "", e.id[i], e.start[i], e.end[i], e.word[i]);
        putchar('\n');
    }
    encoding_release(&e);
    return 0;
}

int main(int argc, char **argv)
{
    struct err err = {0};
    struct tokenizer *tok = NULL;
    if (argc != 6) return 2;
    const struct tokenizer_options options = {argv[2][0] == '1', argv[3][0] == '1',
                                              argv[4][0] == '1', argv[5][0] == '1'};
    if (tokenizer_open_vocab(argv[1], &options, &tok, &err)) {
        fprintf(stderr, "%s\n", err.message);
        return 1;
    }
    static struct line line;
    char *in = mem_try(2, TEXT_BYTES_MAX, &err);
    line.text = mem_try(1, TEXT_BYTES_MAX, &err);
    int status = in && line.text ? run(tok, in, &line) : 1;
    mem_free(in);
    mem_free(line.text);
    tokenizer_free(tok);
    return status;
}
