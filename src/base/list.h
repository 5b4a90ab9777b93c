/* A list of nodes that live inside their owners; a node is in one list at a time, and knows in
 * which. */
#ifndef TCPSHAKE_BASE_LIST_H
#define TCPSHAKE_BASE_LIST_H

#include <stddef.h>

struct list_node {
    struct list_node *next, *prev;
    struct list *in; /* NULL: in none */
};

struct list {
    struct list_node *first, *last;
};

/* The struct that has `node` (not NULL) as its `member`. */
#define LIST_OWNER(node, type, member) ((type *)(void *)((char *)(node)-offsetof(type, member)))

/* At the end. From wherever it was before; who is in this list already stays where it is. */
void list_append(struct list *l, struct list_node *node);
/* From wherever it is. */
void list_remove(struct list_node *node);

#endif
