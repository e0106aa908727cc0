# A layer is a folder, a namespace and a static library, linked only to the layers below it.
# Every source of the folder belongs to it; what it may include is checked by
# scripts/check_layers.py as well.
function(fenrun_layer name)
  cmake_parse_arguments(ARG "" "" "DEPENDS;PRIVATE_DEPENDS;EXCLUDE" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cc)
  foreach(pattern ${ARG_EXCLUDE})
    list(FILTER sources EXCLUDE REGEX "${CMAKE_CURRENT_SOURCE_DIR}/${pattern}")
  endforeach()
  add_library(fenrun_${name} STATIC ${sources})
  target_include_directories(fenrun_${name} PUBLIC ${PROJECT_SOURCE_DIR})
  target_link_libraries(fenrun_${name} PUBLIC ${ARG_DEPENDS}
                        PRIVATE ${ARG_PRIVATE_DEPENDS} fenrun_flags)
endfunction()
