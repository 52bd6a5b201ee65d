"""Answers to p4.train in other styles, and thoughtless ones: texts that are appended to the reference."""

from __future__ import annotations

# Right answers; each passes the gate as well.
REWRITES = {
    "own_block_behind_self_attention": """
from captioning import CrossAttentionBlock


class Decoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm = nn.LayerNorm(64)
        self.look_back = nn.MultiheadAttention(64, 4, batch_first=True)
        self.look_at_image = CrossAttentionBlock(64, 4, 0.0)

    def forward(self, x, memory):
        T = x.shape[1]
        hidden = torch.full((T, T), float("-inf")).triu(1)
        y = self.norm(x)
        x = x + self.look_back(y, y, y, attn_mask=hidden, need_weights=False)[0]
        return self.look_at_image(x, memory)
""",
    "two_layers_of_torch_with_warm_up": """
import math


class Decoder(nn.Module):
    def __init__(self):
        super().__init__()
        layer = nn.TransformerDecoderLayer(64, 4, 256, dropout=0.0, batch_first=True, norm_first=True)
        self.stack = nn.TransformerDecoder(layer, 2)

    def forward(self, x, memory):
        mask = nn.Transformer.generate_square_subsequent_mask(x.size(1))
        return self.stack(x, memory, tgt_mask=mask, tgt_is_causal=True)


def train(images, captions, seed, steps=500):
    torch.manual_seed(seed)
    model = Captioner(Decoder())
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3, betas=(0.9, 0.98))
    warm = 40
    rest = max(1, steps - warm)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda s: (s + 1) / warm if s < warm else 0.5 + 0.5 * math.cos(math.pi * (s - warm) / rest)
    )
    criterion = nn.CrossEntropyLoss()
    model.train()
    for _ in range(steps):
        index = torch.randperm(len(images))[:32]
        output = model(images[index], captions[index][:, :-1])
        loss = criterion(output.transpose(1, 2), captions[index][:, 1:])
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
    return model.eval()
""",
    "attention_written_out_in_epochs": """
class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.q, self.k, self.v, self.out = (nn.Linear(64, 64) for _ in range(4))

    def forward(self, x, memory, causal):
        def heads(t):
            return t.unflatten(-1, (4, 16)).transpose(1, 2)

        mixed = F.scaled_dot_product_attention(
            heads(self.q(x)), heads(self.k(memory)), heads(self.v(memory)), is_causal=causal
        )
        return self.out(mixed.transpose(1, 2).flatten(2))


class Decoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b, self.c = (nn.LayerNorm(64) for _ in range(3))
        self.back, self.image = Attention(), Attention()
        self.up, self.down = nn.Linear(64, 256), nn.Linear(256, 64)

    def forward(self, x, memory):
        y = self.a(x)
        x = x + self.back(y, y, True)
        x = x + self.image(self.b(x), memory, False)
        return x + self.down(F.gelu(self.up(self.c(x))))


def train(images, captions, seed, steps=500):
    g = torch.Generator()
    g.manual_seed(seed)
    torch.manual_seed(seed + 1)
    net = Captioner(Decoder())
    opt = torch.optim.AdamW(net.parameters(), 1.5e-3, weight_decay=0.05)
    done = 0
    while done < steps:
        for rows in torch.randperm(len(images), generator=g).split(32):
            if done == steps:
                break
            logp = net(images[rows], captions[rows, :6]).log_softmax(-1)
            loss = -logp.gather(2, captions[rows, 1:, None]).mean()
            opt.zero_grad()
            loss.backward()
            opt.step()
            done += 1
    return net
""",
    "one_image_at_a_time_into_a_buffer": """
@torch.inference_mode()
def decode(model, images):
    rows = []
    for image in images:
        memory = model.encode(image[None])
        words = [1]
        for _ in range(6):
            words.append(int(model.logits(torch.tensor([words]), memory)[0, -1].argmax()))
        rows.append(torch.tensor(words))
    return torch.stack(rows)
""",
    "whole_buffer_read_where_it_is_filled": """
def decode(model, images):
    out = torch.zeros((images.size(0), 7), dtype=torch.long)
    out[:, 0] = BOS
    with torch.no_grad():
        memory = model.encode(images)
        for t in range(6):
            # what stands behind t is padding, which the mask hides
            out[:, t + 1] = model.logits(out[:, : t + 2], memory)[:, t].argmax(1)
    return out
""",
    "a_model_of_its_own": """
class Mine(nn.Module):
    def __init__(self):
        super().__init__()
        self.see = nn.Sequential(
            nn.Conv2d(3, 32, 5, 2, 2), nn.GELU(), nn.Conv2d(32, 64, 3, 2, 1), nn.GELU(),
            nn.Conv2d(64, 64, 3, 2, 1), nn.GELU(), nn.Flatten(), nn.Linear(1024, 128),
        )
        self.word = nn.Embedding(14, 32)
        self.read = nn.GRU(32, 128, batch_first=True)
        self.say = nn.Linear(256, 14)

    def forward(self, images, tokens):
        seen = self.see((images - 0.3) / 0.3)
        read, _ = self.read(self.word(tokens))
        return self.say(torch.cat([F.gelu(read + seen[:, None]), read * seen[:, None].tanh()], dim=-1))


def train(images, captions, seed, steps=500):
    torch.manual_seed(seed)
    model = Mine()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    for _ in range(steps):
        rows = torch.randint(0, images.shape[0], (64,))
        loss = F.cross_entropy(model(images[rows], captions[rows, :-1]).mT, captions[rows, 1:])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model


def decode(model, images):
    with torch.no_grad():
        tokens = images.new_full((len(images), 1), 1).long()
        for _ in range(6):
            tokens = torch.hstack([tokens, model(images, tokens)[:, -1:].argmax(2)])
    return tokens
""",
}

# None of these earns anything.
THOUGHTLESS = {
    "one_caption_for_all": """
def decode(model, images):
    return torch.tensor([[1, 3, 7, 10, 4, 8, 2]]).repeat(len(images), 1)


class Decoder(nn.Module):
    def forward(self, x, memory): return x


def train(images, captions, seed, steps=1): return Captioner(Decoder())
""",
    "zeros": """
class Decoder(nn.Module):
    def forward(self, x, memory): return torch.zeros_like(x)


class Nothing(nn.Module):
    def forward(self, images, tokens): return torch.zeros(*tokens.shape, 14)


def train(images, captions, seed, steps=1): return Nothing()
def decode(model, images): return torch.zeros(len(images), 7, dtype=torch.int64)
""",
    "random_words": """
class Decoder(nn.Module):
    def forward(self, x, memory): return torch.randn_like(x)


def train(images, captions, seed, steps=1): return Captioner(Decoder())


def decode(model, images):
    words = torch.randint(0, 14, (len(images), 7))
    words[:, 0] = 1
    return words
""",
    "identity_decoder_never_trained": """
class Decoder(nn.Module):
    def forward(self, x, memory): return x


def train(images, captions, seed, steps=1):
    torch.manual_seed(seed)
    return Captioner(Decoder())
""",
    "nothing_at_all": """
class Decoder(nn.Module):
    def forward(self, x, memory): return None


def train(images, captions, seed, steps=1): return None
def decode(model, images): return None
""",
    "captions_looked_up_by_the_first_pixel": """
class Decoder(nn.Module):
    def forward(self, x, memory): return x


def train(images, captions, seed, steps=1):
    torch.manual_seed(seed)
    model = Captioner(Decoder())
    model.table = captions
    return model


def decode(model, images):
    return model.table[(images[:, 0, 0, 0] * 1000).long() % len(model.table)]
""",
}
