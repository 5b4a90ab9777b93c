/* Lines of a file of targets: each is a target, nothing, or refused with one printable line; blanks
 * around it and a comment behind it change nothing. */
#include "fuzz.h"

#include <string.h>

#include "cli/ping_list.h"

static void judge_refusal(const struct fault *fault)
{
    size_t n = strnlen(fault->text, sizeof(fault->text));
    fuzz_require(n > 0 && n < sizeof(fault->text));
    for (size_t i = 0; i < n; i++)
        fuzz_require((unsigned char)fault->text[i] >= 0x20 && fault->text[i] != 0x7f);
}

/* The same line between blanks, with a carriage return and a comment. */
static void judge_dressed(const struct resolve_target *t, const char *line, size_t n)
{
    static const char before[] = " \t", after[] = " \r # \0 192.0.2.1:80";
    const size_t head = sizeof(before) - 1, tail = sizeof(after) - 1;
    struct resolve_target again;
    char *dressed = malloc(head + n + tail);
    if (dressed == NULL)
        return;
    memcpy(dressed, before, head);
    memcpy(dressed + head, line, n);
    memcpy(dressed + head + n, after, tail);
    fuzz_require(ping_list_line(&again, dressed, head + n + tail, NULL) == STATUS_OK);
    fuzz_require(strcmp(again.host, t->host) == 0 && strcmp(again.port, t->port) == 0);
    free(dressed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct resolve_target t;
    struct fault fault = {""};
    char *line = calloc(1, n != 0 ? n : 1); /* not one octet more than there are */
    if (line == NULL)
        return 0;
    if (n != 0)
        memcpy(line, data, n);
    enum status status = ping_list_line(&t, line, n, &fault);
    if (status == STATUS_OK) {
        fuzz_require(strnlen(t.host, sizeof(t.host)) > 0 && strlen(t.host) < sizeof(t.host));
        fuzz_require(strnlen(t.port, sizeof(t.port)) > 0 && strlen(t.port) < sizeof(t.port));
        if (n < 256)
            judge_dressed(&t, line, n);
    } else if (status == STATUS_NOT_OURS) {
        fuzz_require(n == 0 || strchr(" \t\r\v\f#", line[0]) != NULL);
    } else {
        fuzz_require(status == STATUS_MALFORMED);
        judge_refusal(&fault);
    }
    free(line);
    return 0;
}
