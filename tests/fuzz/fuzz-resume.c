/* Any octets, taken line by line, are records or lines that are refused with a reason; whatever the
 * records are of, a list that comes to each of its places once leaves none of them behind, and says
 * that it is another's only where a record was. */
#include "fuzz.h"

#include <string.h>

#include "cli/resume.h"

enum {
    SESSIONS = 4096 /* that the list comes to */
};

/* From a block of its own size, so that a read past the end of the line is seen. */
static void take(struct resume *r, const uint8_t *data, size_t n)
{
    struct fault fault = {""};
    uint64_t left = r->left;
    char *line = malloc(n + (n == 0));
    fuzz_require(line != NULL);
    if (n != 0)
        memcpy(line, data, n);
    enum status s = resume_line(r, line, n, &fault);
    fuzz_require((s == STATUS_OK) == (fault.text[0] == '\0'));
    fuzz_require(r->left == left || (r->left == left + 1 && s == STATUS_OK && r->begun));
    free(line);
}

static void come_to_all(struct resume *r)
{
    struct endpoint at = {.port = 80};
    for (uint64_t session = 1; session <= SESSIONS; session++) {
        uint64_t left = r->left;
        enum resume_answer a = resume_pass(r, session, &at, session % 2 != 0 ? "name" : NULL);
        fuzz_require(r->left + (a != RESUME_TO_DO) == left);
        fuzz_require(resume_pass(r, session, &at, NULL) == RESUME_TO_DO);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct resume r = {0};
    for (size_t at = 0; at < n;) {
        const uint8_t *end = memchr(data + at, '\n', n - at);
        size_t len = end != NULL ? (size_t)(end - data) - at : n - at;
        take(&r, data + at, len);
        at += len + 1;
    }
    come_to_all(&r);
    resume_done(&r);
    return 0;
}
