/* The main() of every test program that has none of its own. Tests of tests/unit/unit.h are run. A
 * fuzz target is run outside libFuzzer: every file of the directories it is given goes through the
 * target once, in the order of their names, one TAP point each. It judges by not crashing, so the
 * name is printed first. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* A program has the one or the other: libFuzzer's interface, or that of unit.h. */
__attribute__((weak)) int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
__attribute__((weak)) int unit_run(void);

static int is_input(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

/* The whole file in a block of exactly its size, so that a read past the end is seen; NULL if it
 * cannot be read. */
static uint8_t *slurp(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    uint8_t *data = NULL;
    long end;
    if (!file)
        return NULL;
    if (fseek(file, 0, SEEK_END) == 0 && (end = ftell(file)) >= 0 &&
        fseek(file, 0, SEEK_SET) == 0) {
        *size = (size_t)end;
        data = malloc(*size);
        if (data && fread(data, 1, *size, file) != *size) {
            free(data);
            data = NULL;
        }
    }
    fclose(file);
    return data;
}

static void replay(unsigned point, const char *folder, const char *name)
{
    char path[4096];
    size_t size = 0;
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    printf("# %s\n", name);
    fflush(stdout);
    uint8_t *data = slurp(path, &size);
    if (data)
        LLVMFuzzerTestOneInput(data, size);
    printf("%s %u - %s\n", data ? "ok" : "not ok", point, name);
    free(data);
}

int main(int argc, char **argv)
{
    unsigned point = 0;
    if (unit_run != NULL)
        return unit_run();
    if (LLVMFuzzerTestOneInput == NULL || argc < 2) {
        printf("Bail out! neither tests nor inputs\n");
        return 1;
    }
    for (int i = 1; i < argc; i++) {
        struct dirent **entries;
        int n = scandir(argv[i], &entries, is_input, alphasort);
        if (n <= 0) {
            printf("Bail out! no inputs in %s\n", argv[i]);
            return 1;
        }
        for (int k = 0; k < n; k++) {
            replay(++point, argv[i], entries[k]->d_name);
            free(entries[k]);
        }
        free(entries);
    }
    printf("1..%u\n", point);
    return 0;
}
