/* SPDX-FileCopyrightText: The Cardea authors
 * SPDX-License-Identifier: LGPL-2.1-or-later */

/* Changes DER so that it stays DER.
 *
 * libFuzzer's own changes seldom get past the outermost length of a certificate: a byte more or less, and all
 * lengths around it are wrong. Here one element somewhere inside is changed, dropped, doubled or exchanged
 * for another, and the lengths of those that hold it are written anew. Octet and bit strings are looked into,
 * as extensions and keys are wrapped in them. An input is a row of parts, each with two bytes of length. */
#include <glib.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/input.h"

#define MAX_ELEMENTS 1024
#define NO_PARENT -1

typedef struct
{
  gsize begin;   /* of the tag */
  gsize content; /* of what it holds that is looked into */
  gsize end;
  int parent; /* index, or NO_PARENT */
} Element;

size_t LLVMFuzzerMutate (uint8_t *data, size_t size, size_t max_size);

/* The element at @begin that ends within @end; lengths of at most two bytes, as all of ours are. */
static gboolean
read_element (const guint8 *bytes, gsize begin, gsize end, Element *element)
{
  gsize header = 2;
  gsize length;

  if (end - begin < 2)
    return FALSE;
  length = bytes[begin + 1];
  if (length == 0x81 && end - begin >= 3) {
    length = bytes[begin + 2];
    header = 3;
  } else if (length == 0x82 && end - begin >= 4) {
    length = (gsize)bytes[begin + 2] << 8 | bytes[begin + 3];
    header = 4;
  } else if (length >= 0x80) {
    return FALSE;
  }
  if (end - begin - header < length)
    return FALSE;
  *element = (Element){ begin, begin + header, begin + header + length, NO_PARENT };
  return TRUE;
}

/* Whether all of it is elements: then it is worth looking into. */
static gboolean
holds_elements (const guint8 *bytes, gsize begin, gsize end)
{
  Element element;

  if (begin == end)
    return FALSE;
  for (; begin < end; begin = element.end)
    if (!read_element (bytes, begin, end, &element))
      return FALSE;
  return TRUE;
}

static void
add_elements (GArray *elements, const guint8 *bytes, gsize begin, gsize end, int parent)
{
  Element element;

  for (; begin < end && elements->len < MAX_ELEMENTS && read_element (bytes, begin, end, &element);
       begin = element.end) {
    element.parent = parent;
    if (bytes[element.begin] == 0x03 && element.end > element.content)
      element.content++; /* the count of unused bits */
    g_array_append_val (elements, element);
  }
}

/* All elements, those that hold others before them. */
static GArray *
find_elements (const guint8 *bytes, gsize length)
{
  GArray *elements = g_array_new (FALSE, FALSE, sizeof (Element));

  add_elements (elements, bytes, 0, length, NO_PARENT);
  for (guint i = 0; i < elements->len; i++) {
    Element element = g_array_index (elements, Element, i);
    guint8 tag = bytes[element.begin];

    if (((tag & 0x20) != 0 || tag == 0x03 || tag == 0x04) &&
        holds_elements (bytes, element.content, element.end))
      add_elements (elements, bytes, element.content, element.end, (int)i);
  }
  return elements;
}

static void
append_length (GByteArray *out, gsize length)
{
  guint8 bytes[3] = { 0x82, (guint8)(length >> 8), (guint8)length };

  if (length < 0x80)
    g_byte_array_append (out, bytes + 2, 1);
  else if (length < 0x100)
    g_byte_array_append (out, (guint8[]){ 0x81, (guint8)length }, 2);
  else
    g_byte_array_append (out, bytes, 3);
}

/* @tag, the length, @prefix bytes as they were (of a bit string), then @content. */
static GByteArray *
wrap (guint8 tag, const guint8 *prefix, gsize prefix_length, const GByteArray *content)
{
  GByteArray *out = g_byte_array_new ();

  g_byte_array_append (out, &tag, 1);
  append_length (out, prefix_length + content->len);
  g_byte_array_append (out, prefix, (guint)prefix_length);
  g_byte_array_append (out, content->data, content->len);
  return out;
}

static gsize
prefix_length (const guint8 *bytes, const Element *element)
{
  return bytes[element->begin] == 0x03 && element->content > element->begin + 2 ? 1 : 0;
}

static GByteArray *
splice (const guint8 *bytes, gsize begin, gsize cut, gsize resume, gsize end, const GByteArray *middle)
{
  GByteArray *out = g_byte_array_new ();

  g_byte_array_append (out, bytes + begin, (guint)(cut - begin));
  g_byte_array_append (out, middle->data, middle->len);
  g_byte_array_append (out, bytes + resume, (guint)(end - resume));
  return out;
}

/* @bytes with @middle in place of the element at @index. */
static GByteArray *
replace (const guint8 *bytes, gsize length, GArray *elements, guint index, const GByteArray *middle)
{
  g_autoptr (GByteArray) now = g_byte_array_append (g_byte_array_new (), middle->data, middle->len);
  const Element *element = &g_array_index (elements, Element, index);

  while (element->parent != NO_PARENT) {
    const Element *parent = &g_array_index (elements, Element, element->parent);
    gsize prefix = prefix_length (bytes, parent);
    g_autoptr (GByteArray) content =
        splice (bytes, parent->content, element->begin, element->end, parent->end, now);

    g_byte_array_unref (now);
    now = wrap (bytes[parent->begin], bytes + parent->content - prefix, prefix, content);
    element = parent;
  }
  return splice (bytes, 0, element->begin, element->end, length, now);
}

/* Its content changed as libFuzzer changes bytes. */
static GByteArray *
mutate_content (const guint8 *bytes, const Element *element)
{
  gsize prefix = prefix_length (bytes, element);
  gsize length = element->end - element->content;
  gsize room = length + 64;
  g_autofree guint8 *content = g_malloc (room);
  g_autoptr (GByteArray) changed = g_byte_array_new ();

  memcpy (content, bytes + element->content, length);
  g_byte_array_append (changed, content, (guint)LLVMFuzzerMutate (content, length, room));
  return wrap (bytes[element->begin], bytes + element->content - prefix, prefix, changed);
}

/* What stands in place of the element: nothing, two of it, another one, or itself with another tag or
 * content. */
static GByteArray *
make_middle (GRand *random, const guint8 *bytes, GArray *elements, const Element *element)
{
  const Element *other =
      &g_array_index (elements, Element, g_rand_int_range (random, 0, (gint32)elements->len));
  GByteArray *middle = g_byte_array_new ();
  gint32 how = g_rand_int_range (random, 0, 8);

  if (how >= 4) {
    g_byte_array_unref (middle);
    return mutate_content (bytes, element);
  }
  if (how == 1)
    g_byte_array_append (middle, bytes + other->begin, (guint)(other->end - other->begin));
  if (how == 2)
    g_byte_array_append (middle, bytes + element->begin, (guint)(element->end - element->begin));
  if (how >= 1)
    g_byte_array_append (middle, bytes + element->begin, (guint)(element->end - element->begin));
  if (how == 3)
    middle->data[0] = (guint8)g_rand_int (random);
  return middle;
}

static GBytes *
mutate_part (GRand *random, GBytes *part)
{
  gsize length;
  const guint8 *bytes = g_bytes_get_data (part, &length);
  g_autoptr (GArray) elements = find_elements (bytes, length);
  g_autoptr (GByteArray) middle = NULL;
  guint index;

  if (elements->len == 0)
    return g_bytes_ref (part);
  index = (guint)g_rand_int_range (random, 0, (gint32)elements->len);
  middle = make_middle (random, bytes, elements, &g_array_index (elements, Element, index));
  return g_byte_array_free_to_bytes (replace (bytes, length, elements, index, middle));
}

static GPtrArray *
take_parts (const guint8 *data, gsize size)
{
  FuzzInput input = { data, size };
  GPtrArray *parts = g_ptr_array_new_with_free_func ((GDestroyNotify)g_bytes_unref);

  while (input.size > 0)
    g_ptr_array_add (parts, fuzz_take_part (&input));
  return parts;
}

static GByteArray *
join_parts (GPtrArray *parts)
{
  GByteArray *out = g_byte_array_new ();

  for (guint i = 0; i < parts->len; i++) {
    gsize length;
    const guint8 *bytes = g_bytes_get_data (parts->pdata[i], &length);

    length = MIN (length, G_MAXUINT16);
    g_byte_array_append (out, (guint8[]){ (guint8)(length >> 8), (guint8)length }, 2);
    g_byte_array_append (out, bytes, (guint)length);
  }
  return out;
}

size_t LLVMFuzzerCustomMutator (uint8_t *data, size_t size, size_t max_size, unsigned int seed);

size_t
LLVMFuzzerCustomMutator (uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (seed);
  g_autoptr (GPtrArray) parts = take_parts (data, size);
  g_autoptr (GByteArray) joined = NULL;
  guint index;

  if (parts->len == 0 || g_rand_int_range (random, 0, 8) == 0)
    return LLVMFuzzerMutate (data, size, max_size);
  index = (guint)g_rand_int_range (random, 0, (gint32)parts->len);
  g_ptr_array_insert (parts, (gint)index, mutate_part (random, parts->pdata[index]));
  g_ptr_array_remove_index (parts, index + 1);
  joined = join_parts (parts);
  if (joined->len > max_size)
    return LLVMFuzzerMutate (data, size, max_size);
  memcpy (data, joined->data, joined->len);
  return joined->len;
}
