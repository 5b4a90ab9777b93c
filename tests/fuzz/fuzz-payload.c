/* --data and --say: the text becomes at most as many octets as it has, or is refused. Files are
 * left alone. */
#include "fuzz.h"

#include <string.h>

#include "cli/option_row.h"

enum {
    TEXT_MAX = 4096
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    char text[TEXT_MAX + 1];
    struct text p = {0};
    struct fault fault = {0};

    if (n > TEXT_MAX || (n > 0 && data[0] == '@'))
        return 0;
    memcpy(text, data, n);
    text[n] = '\0';
    enum status s = option_row_say(&p, text, &fault);
    fuzz_require(p.len <= strlen(text));
    fuzz_require(s == STATUS_OK || fault.text[0] != '\0');
    if (s == STATUS_OK && strchr(text, '\\') == NULL)
        fuzz_require(p.len == strlen(text) && (p.len == 0 || memcmp(p.data, text, p.len) == 0));
    text_done(&p);
    return 0;
}
