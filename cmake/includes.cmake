# Copyright 2026 The spatialclaw_ros authors
# SPDX-License-Identifier: Apache-2.0

# The exports of a ROS package that was built elsewhere (a PyPI wheel) can name an include folder of
# the machine that built it, and CMake then stops with "Imported target includes non-existent path".
# Drops such folders from every target that this directory has imported so far.
function(drop_missing_includes)
  get_property(targets DIRECTORY PROPERTY IMPORTED_TARGETS)
  foreach(target IN LISTS targets)
    get_target_property(includes ${target} INTERFACE_INCLUDE_DIRECTORIES)
    if(NOT includes)
      continue()
    endif()
    set(kept)
    foreach(include IN LISTS includes)
      if(include MATCHES "\\$<" OR EXISTS "${include}")
        list(APPEND kept "${include}")
      endif()
    endforeach()
    set_target_properties(${target} PROPERTIES INTERFACE_INCLUDE_DIRECTORIES "${kept}")
  endforeach()
endfunction()

# NumPy's headers lie below the sources where a virtual environment is made inside the working tree,
# and CMake refuses to export a target that names them. They are needed to build, not afterwards.
function(keep_includes_to_the_build target)
  if(NOT TARGET ${target})
    return()
  endif()
  get_target_property(includes ${target} INTERFACE_INCLUDE_DIRECTORIES)
  if(NOT includes)
    return()
  endif()
  set(kept)
  foreach(include IN LISTS includes)
    string(FIND "${include}" "${PROJECT_SOURCE_DIR}/" position)
    if(position EQUAL 0)
      list(APPEND kept "$<BUILD_INTERFACE:${include}>")
    else()
      list(APPEND kept "${include}")
    endif()
  endforeach()
  set_target_properties(${target} PROPERTIES INTERFACE_INCLUDE_DIRECTORIES "${kept}")
endfunction()
