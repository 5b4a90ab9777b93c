/* One word of a list of targets, taken apart; nothing is looked up. */
#ifndef TCPSHAKE_TARGETS_TARGET_LINE_H
#define TCPSHAKE_TARGETS_TARGET_LINE_H

#include "targets/block.h"
#include "targets/ports.h"

enum {
    TARGET_LINE_NAME_MAX = 256
};

enum target_line_kind {
    TARGET_LINE_EMPTY, /* blank, or a comment */
    TARGET_LINE_BLOCK,
    TARGET_LINE_NAME
};

struct target_line {
    enum target_line_kind kind;
    struct block block;              /* of a BLOCK */
    char name[TARGET_LINE_NAME_MAX]; /* of a NAME: what is left to ask a resolver for */
    struct ports ports;              /* its own; empty: it names none */
};

/* "BLOCK", "BLOCK:PORTS", "[BLOCK]:PORTS", "NAME" or "NAME:PORTS"; see block.h and ports.h for the
 * parts. An IPv6 block with ports needs the brackets (RFC 3986 3.2.2), without ports it may have
 * them. Blanks around it and what follows a '#' do not count. The caller ends it with
 * target_line_done. STATUS_MALFORMED with the reason, and EMPTY, otherwise. */
enum status target_line_parse(struct target_line *t, const char *line, size_t n,
                              struct fault *fault);
void target_line_done(struct target_line *t);

#endif
