/* Any octets are a figure or get one line that says where and why not; a figure is judged for both
 * roles, and printed it is the same figure again. */
#include "fuzz.h"

#include <stdio.h>

#include "../unit/figure.h"
#include "figure/check.h"

static void refused(const struct figure *f, const struct fault *fault)
{
    unsigned line, column;
    fuzz_require(f->items == NULL && f->store == NULL);
    fuzz_require(strncmp(fault->text, "fuzz:", 5) == 0);
    fuzz_require(sscanf(fault->text, "fuzz:%u:%u: ", &line, &column) == 2);
    fuzz_require(line > 0 && column > 0);
    fuzz_require(strchr(fault->text, '\n') == NULL && strchr(fault->text, '\x1b') == NULL);
}

static void judge(const struct figure *f)
{
    struct fault fault;
    for (enum end us = END_A; us <= END_B; us++) {
        enum status s = figure_check(f, us, &fault);
        fuzz_require(s == STATUS_OK || s == STATUS_MALFORMED);
        fuzz_require(s == STATUS_OK || strncmp(fault.text, "fuzz:", 5) == 0);
    }
}

static void print_and_read_back(const struct figure *f)
{
    struct text printed;
    struct figure back;
    struct fault fault;
    text_init(&printed);
    figure_print(&printed, f);
    fuzz_require(!printed.failed);
    if (printed.len <= FIGURE_SOURCE_MAX) { /* columns are padded */
        fuzz_require(figure_parse(&back, "fuzz", printed.data, printed.len, &fault) == STATUS_OK);
        fuzz_require(figure_difference(f, &back) == SIZE_MAX);
        figure_done(&back);
    }
    text_done(&printed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct figure f;
    struct fault fault = {""};
    if (figure_parse(&f, "fuzz", (const char *)data, n, &fault) != STATUS_OK) {
        refused(&f, &fault);
        return 0;
    }
    judge(&f);
    print_and_read_back(&f);
    figure_done(&f);
    return 0;
}
