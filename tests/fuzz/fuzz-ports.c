/* Any text is a set of ports, rising and without a port twice, or is refused with one printable
 * line; a set survives being written and read. */
#include "fuzz.h"

#include <stdio.h>
#include <string.h>

#include "targets/ports.h"

static bool service(const char *name, uint16_t *port)
{
    *port = (uint16_t)strlen(name);
    return name[0] != 'x';
}

static void write_and_read(const struct ports *p)
{
    static const size_t each = sizeof("65535,");
    struct ports again;
    char *text = malloc(p->count * each + 1);
    size_t n = 0;
    if (text == NULL)
        return;
    for (uint32_t i = 0; i < p->count; i++) {
        fuzz_require(ports_at(p, i) != 0);
        fuzz_require(i == 0 || ports_at(p, i) > ports_at(p, i - 1));
        n += (size_t)snprintf(text + n, each, "%s%u", i != 0 ? "," : "", ports_at(p, i));
    }
    fuzz_require(ports_parse(&again, text, n, NULL, NULL) == STATUS_OK);
    fuzz_require(again.count == p->count && again.len == p->len);
    for (uint32_t i = 0; i < p->count; i++)
        fuzz_require(ports_at(p, i) == ports_at(&again, i));
    ports_done(&again);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct fault fault = {""};
    struct ports p;
    enum status s = ports_parse(&p, n != 0 ? (const char *)data : "", n, service, &fault);
    if (s == STATUS_OK) {
        fuzz_require(p.count > 0);
        write_and_read(&p);
    } else {
        fuzz_require(s == STATUS_MALFORMED && p.count == 0 && fault.text[0] != '\0');
        for (const char *c = fault.text; *c != '\0'; c++)
            fuzz_require((unsigned char)*c >= 0x20 && *c != 0x7f);
    }
    ports_done(&p);
    return 0;
}
