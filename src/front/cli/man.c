/* front/cli/man.c - the manual page, written from the same tables as --help, so that neither can
 * lag behind. The build runs `cairn help man` and installs what it prints as cairn(1). */
#include "front/cli/cli.h"
#include <stdio.h>

/* Roff's own characters in our texts: a leading dot or quote, backslashes and hyphens. */
static void print_text(const char *s)
{
    if (*s == '.' || *s == '\'') printf("\\&");
    for (; *s; s++) {
        if (*s == '\\')
            printf("\\e");
        else if (*s == '-')
            printf("\\-");
        else
            putchar(*s);
    }
}

static void print_verb(const struct verb *v)
{
    printf(".TP\n.B ");
    print_text(v->name);
    if (v->usage[0]) printf(" ");
    print_text(v->usage);
    printf("\n");
    print_text(v->summary);
    printf(".\n");
    for (const struct option *o = v->options; o && o->name; o++) {
        printf(".RS\n.TP\n.BI \\-\\-");
        print_text(o->name);
        if (o->value) printf(" \" %s\"", o->value);
        printf("\n");
        print_text(o->meaning);
        printf("\n.RE\n");
    }
}

static void print_exit_codes(void)
{
    printf(".SH EXIT STATUS\n.TP\n.B 0\nSuccess; a gate that passed.\n"
           ".TP\n.B 1\nA negative result: a gate that failed, data with errors.\n"
           ".TP\n.B 10\nSTOP: a gate says that the use case should stop.\n");
#define X(name, http, code, meaning)                                                               \
    if (code > 1) printf(".TP\n.B %d\n%s: %s.\n", code, #name, meaning);
    ERR_MAP(X)
#undef X
}

void help_man(void)
{
    printf(
        ".TH CAIRN 1 \"\" \"cairn %s\" \"User Commands\"\n.SH NAME\n"
        "cairn \\- carry an AI use case from proof of concept to a system that a customer relies "
        "on\n"
        ".SH SYNOPSIS\n.B cairn\n.I verb\n[\\fIoption\\fR ...] [\\fIargument\\fR ...]\n"
        ".SH DESCRIPTION\nA use case is a folder with a\n.I cairn.yaml\n"
        "that says its goal, its data and the criteria that a model must meet. Verbs work from any "
        "folder inside. Without a verb,\n.B cairn\nshows where the path stands and what to do "
        "next.\n"
        ".PP\nMODEL is a digest prefix, @champion, @candidate or a Hugging Face directory. Every "
        "verb "
        "takes \\fB\\-\\-json\\fR (the result as one JSON document), \\fB\\-\\-help\\fR and "
        "\\fB\\-\\-threads\\fR \\fIN\\fR.\n.SH VERBS\n",
        CAIRN_VERSION);
    for (const struct verb *v = VERBS; v->name; v++) print_verb(v);
    print_exit_codes();
    printf(
        ".SH ENVIRONMENT\n.TP\n.B CAIRN_ISA\nForces a level of kernels: ref, avx2, avx512 or "
        "neon. All give "
        "the same bits.\n.TP\n.B CAIRN_USER\nWho acts, as written into evidence; else USER, else "
        "the account.\n"
        ".TP\n.B XDG_CACHE_HOME\nWhere pretrained models are kept (cairn/models/NAME); else "
        "~/.cache.\n"
        ".TP\n.B NO_COLOR\nNo colours on a terminal.\n.SH FILES\n.TP\n.I cairn.yaml\nThe use "
        "case. Never "
        "rewritten by the program.\n.TP\n.I .cairn/\nThe registry, the store of models and "
        "data, and runs "
        "in progress.\n.SH EXAMPLES\n.nf\n");
    for (const struct verb *v = VERBS; v->name; v++) {
        print_text(v->example);
        printf("\n");
    }
    printf(".fi\n");
}
