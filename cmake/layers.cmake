# Those of the listed sources that can hold a planted bug (docs/planted.md) come first, so that
# unity builds compile them together: all other batches are the same with FENRUN_PLANTED as without
# it, and the compiler cache has them.
function(fenrun_planted_first list)
  set(first)
  set(rest)
  foreach(source ${${list}})
    file(STRINGS ${source} mentions REGEX "core/planted\\.h" LIMIT_COUNT 1)
    if(mentions)
      list(APPEND first ${source})
    else()
      list(APPEND rest ${source})
    endif()
  endforeach()
  set(${list} ${first} ${rest} PARENT_SCOPE)
endfunction()

# A layer is a folder, a namespace and a static library, linked only to the layers below it.
# Every source of the folder belongs to it; what it may include is checked by
# scripts/check_layers.py as well.
function(fenrun_layer name)
  cmake_parse_arguments(ARG "" "" "DEPENDS;PRIVATE_DEPENDS;EXCLUDE" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cc)
  foreach(pattern ${ARG_EXCLUDE})
    list(FILTER sources EXCLUDE REGEX "${CMAKE_CURRENT_SOURCE_DIR}/${pattern}")
  endforeach()
  fenrun_planted_first(sources)
  add_library(fenrun_${name} STATIC ${sources})
  target_include_directories(fenrun_${name} PUBLIC ${PROJECT_SOURCE_DIR})
  target_link_libraries(fenrun_${name} PUBLIC ${ARG_DEPENDS}
                        PRIVATE ${ARG_PRIVATE_DEPENDS} fenrun_flags)
endfunction()
