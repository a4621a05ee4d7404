# Turn the bytes of IN into a C array: const char ARRAY[] (zero-ended) and size_t ARRAY_size.
file(READ ${IN} hex HEX)
string(LENGTH "${hex}" digits)
math(EXPR size "${digits} / 2")
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "'\\\\x\\1'," bytes "${hex}")
string(REGEX REPLACE "('[^']*','[^']*','[^']*','[^']*','[^']*','[^']*','[^']*','[^']*',)" "\\1\n" bytes "${bytes}")
file(WRITE ${OUT} "#include <stddef.h>
extern const char ${ARRAY}[];
extern const size_t ${ARRAY}_size;
const char ${ARRAY}[] = {\n${bytes}0\n};
const size_t ${ARRAY}_size = ${size};
")
