// The families, one function each, in the file of the same name. Only registry.cpp calls them.
#pragma once

#include "core/model/family.h"

namespace quantscope {

Family llama_family();
Family mistral_family();
Family qwen2_family();
Family qwen3_family();
Family dit_family();
Family dit_diffusers_family();
Family flux_family();
Family pixart_family();
Family sd3_family();
Family autoencoder_kl_family();

} // namespace quantscope
