/* uthash_for_cppcheck.h — the loops of uthash and utlist as plain loops, since cppcheck does not read system headers.
 * SPDX-License-Identifier: Apache-2.0
 */
#define HASH_ITER(hh, head, el, tmp)   for (el = head; el; el = tmp)
#define DL_FOREACH(head, el)           for (el = head; el; el = el->next)
#define DL_FOREACH_SAFE(head, el, tmp) for (el = head; el; el = tmp)
#define LL_FOREACH(head, el)           for (el = head; el; el = el->next)
#define LL_FOREACH_SAFE(head, el, tmp) for (el = head; el; el = tmp)
