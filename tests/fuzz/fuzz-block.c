/* Any text is a block of addresses, within its bound and of one family, or is refused with one
 * printable line; a block's first and last address, written as a range, are the same block. */
#include "fuzz.h"

#include <stdio.h>

#include "targets/block.h"
#include "wire/address.h"

static void judge_refusal(enum status s, const struct fault *fault)
{
    fuzz_require(s == STATUS_MALFORMED && fault->text[0] != '\0');
    for (const char *c = fault->text; *c != '\0'; c++)
        fuzz_require((unsigned char)*c >= 0x20 && *c != 0x7f);
}

static void write_and_read(const struct block *b)
{
    char first[ADDRESS_TEXT_MAX], last[ADDRESS_TEXT_MAX], text[2 * ADDRESS_TEXT_MAX];
    struct in6_addr end = block_at(b, b->count - 1), start = block_at(b, 0);
    struct block again;
    fuzz_require(b->count >= 1 && b->count <= BLOCK_COUNT_MAX);
    fuzz_require(address_is_v4(&end) == address_is_v4(&start));
    int n = snprintf(text, sizeof(text), "%s-%s", address_format(&start, first),
                     address_format(&end, last));
    fuzz_require(block_parse(&again, text, (size_t)n, NULL) == STATUS_OK);
    fuzz_require(again.count == b->count && address_equal(&again.first, &b->first));
}

/* The same text as a line of a file of exclusions. */
static void judge_set(const char *text, size_t n, const struct block *b)
{
    struct block_set set = {0};
    enum status s = block_set_add_line(&set, text, n, NULL);
    block_set_seal(&set);
    if (b != NULL) {
        struct in6_addr last = block_at(b, b->count - 1);
        fuzz_require(s == STATUS_OK && set.len == 1);
        fuzz_require(block_set_has(&set, &b->first) && block_set_has(&set, &last));
    }
    block_set_done(&set);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct fault fault = {""};
    struct block b = {.count = 0};
    const char *text = (const char *)data;
    if (n == 0)
        text = "";
    enum status s = block_parse(&b, text, n, &fault);
    if (s == STATUS_OK)
        write_and_read(&b);
    else
        judge_refusal(s, &fault);
    judge_set(text, n, s == STATUS_OK ? &b : NULL);
    return 0;
}
