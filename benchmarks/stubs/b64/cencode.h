#include "libb64/cencode.h"
