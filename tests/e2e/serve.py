#!/usr/bin/env python3
"""`reprise serve` as clients see it: the same answer to the same seed whatever else is served, streams that say what whole answers say, limits, refusals,
an engine that dies and comes back.

  tests/e2e/serve.py build/cpu/bin/reprise
Needs nothing but Python. Exit 0 when all holds."""
import concurrent.futures
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

import tiny_model

KEY = "sk-serve-77"


def expect(name, condition, seen=""):
    if not condition:
        sys.exit(f"{name}: got {seen}")
    print(f"{name}: ok")


class Client:
    def __init__(self, port, key=KEY):
        self.base, self.key = f"http://127.0.0.1:{port}", key

    def ask(self, path, body=None, raw=None):
        data = raw if raw is not None else None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.base + path, data=data, headers={"Content-Type": "application/json", "Authorization": f"Bearer {self.key}"})
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                return answer.status, json.loads(answer.read()), answer.headers
        except urllib.error.HTTPError as fault:
            return fault.code, json.loads(fault.read()), fault.headers

    def stream(self, path, body):
        request = urllib.request.Request(self.base + path, data=json.dumps(dict(body, stream=True)).encode(), headers={"Authorization": f"Bearer {self.key}"})
        events = []
        with urllib.request.urlopen(request, timeout=120) as answer:
            for line in answer:
                if line.startswith(b"data: "):
                    events.append(line[6:].strip().decode())
        return events[-1], [json.loads(event) for event in events if event != "[DONE]"]


def start(program, model, *more):
    process = subprocess.Popen([program, "serve", str(model), "--port", "0", "--num-threads", "1", "--served-model-name", "tiny", *more], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=dict(os.environ, SERVE_KEY=KEY))
    for line in process.stdout:
        if found := re.search(r"listening on http://[^:]+:(\d+)", line):
            return process, int(found[1])
    sys.exit("the server did not start: " + process.stderr.read())


def workers_of(process):
    out = []
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            pid, rest = stat.read_text().split(" (", 1)
        except OSError:
            continue
        if int(rest.rsplit(")", 1)[1].split()[1]) == process.pid:
            out.append(int(pid))
    return out


def main():
    program = sys.argv[1]
    with tempfile.TemporaryDirectory() as folder:
        model = tiny_model.make(program, folder)
        process, port = start(program, model, "--api-key-env", "SERVE_KEY", "--generation-rows", "8")
        client = Client(port)
        try:
            check(client, process)
        finally:
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=60)
        expect("Ctrl-C closes it and says what was served", process.returncode == 0 and "served" in out, (process.returncode, out, err))
        expect("and its engine is gone", not workers_of(process))
        process, port = start(program, model, "--max-waiting", "4")
        client = Client(port, "")
        try:
            with concurrent.futures.ThreadPoolExecutor(8) as pool:
                codes = [f.result()[0] for f in [pool.submit(client.ask, "/v1/completions", {"prompt": "3", "max_tokens": 200, "n": 4, "ignore_eos": True}) for _ in range(8)]]
            expect("more than may wait is told to come back", 429 in codes and 200 in codes and set(codes) <= {200, 429}, codes)
        finally:
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=60)
        done = subprocess.run([program, "serve", folder + "/nowhere"], capture_output=True, text=True)
        expect("no model is one line", done.returncode == 1 and len(done.stderr.strip().splitlines()) == 1 and "nowhere" in done.stderr, done.stderr)


def check(client, process):
    ask = client.ask
    expect("models", ask("/v1/models")[1]["data"][0]["id"] == "tiny" and ask("/v1/models/tiny")[0] == 200)
    code, alone, _ = ask("/v1/completions", {"prompt": "3 plus 4 ?", "max_tokens": 40, "seed": 5, "n": 3, "temperature": 1.2})
    expect("a completion", code == 200 and len(alone["choices"]) == 3 and alone["usage"]["prompt_tokens"] == 5, alone)
    texts = [choice["text"] for choice in alone["choices"]]
    expect("samples differ", len(set(texts)) > 1, texts)
    with concurrent.futures.ThreadPoolExecutor(24) as pool:
        others = [pool.submit(ask, "/v1/completions", {"prompt": f"{i % 10} times 2 ?", "max_tokens": 60, "temperature": 1.5, "n": 2}) for i in range(40)]
        again = pool.submit(ask, "/v1/completions", {"prompt": "3 plus 4 ?", "max_tokens": 40, "seed": 5, "n": 3, "temperature": 1.2})
        beside = [choice["text"] for choice in again.result()[1]["choices"]]
        codes = {one.result()[0] for one in others}
    expect("the same beside 40 others", beside == texts and codes == {200}, (beside, texts, codes))

    # Log-probs: an echoed prompt, its tokens, what is greedy.
    code, scored, _ = ask("/v1/completions", {"prompt": "3 plus 4 ?", "max_tokens": 2, "temperature": 0, "logprobs": 2, "echo": True})
    told = scored["choices"][0]["logprobs"]
    expect("an echoed prompt is scored", told["token_logprobs"][0] is None and len(told["tokens"]) == 7 and all(x < 0 for x in told["token_logprobs"][1:]) and told["tokens"][1] == "3", told)
    expect("alternatives hold the token itself", all(token in top for token, top in zip(told["tokens"][1:], told["top_logprobs"][1:])), told)
    expect("greedy is the likeliest", all(max(top, key=top.get) == token for token, top in zip(told["tokens"][5:], told["top_logprobs"][5:])), told)
    code, ids, _ = ask("/v1/completions", {"prompt": [[1, 10, 20], [1, 11]], "max_tokens": 0, "echo": True, "logprobs": 1})
    expect("ids, two prompts, nothing drawn", code == 200 and len(ids["choices"]) == 2 and ids["usage"]["completion_tokens"] == 0 and [len(c["logprobs"]["tokens"]) for c in ids["choices"]] == [3, 2], ids)

    # Streams say what whole answers say.
    for path, body in (("/v1/completions", {"prompt": "7 minus 2 ?", "max_tokens": 50, "seed": 9, "n": 2, "temperature": 1.1, "logprobs": 1}),
                       ("/v1/chat/completions", {"messages": [{"role": "user", "content": "7 minus 2 ?"}], "max_tokens": 50, "seed": 9, "n": 2, "temperature": 1.1, "logprobs": True, "top_logprobs": 1})):
        chat = "chat" in path
        whole = ask(path, body)[1]
        last, events = client.stream(path, dict(body, stream_options={"include_usage": True}))
        for index, choice in enumerate(whole["choices"]):
            mine = [c for event in events for c in event["choices"] if c["index"] == index]
            text = "".join(c["delta"].get("content", "") if chat else c["text"] for c in mine)
            expect(f"{path} streamed, sample {index}", text == (choice["message"]["content"] if chat else choice["text"]), text)
            expect("  its end", mine[-1]["finish_reason"] == choice["finish_reason"], mine[-1])
            tokens = [t["token"] if chat else t for c in mine if c["logprobs"] for t in (c["logprobs"]["content"] if chat else c["logprobs"]["tokens"])]
            expect("  its tokens", tokens == ([t["token"] for t in choice["logprobs"]["content"]] if chat else choice["logprobs"]["tokens"]), tokens)
        expect("  usage", last == "[DONE]" and events[-1]["usage"] == whole["usage"], events[-1])

    # A prefix of the answer, a stop string.
    code, prefixed, _ = ask("/v1/chat/completions", {"messages": [{"role": "user", "content": "7 minus 2 ?"}, {"role": "assistant", "content": " so 7"}], "continue_final_message": True, "add_generation_prompt": False, "max_tokens": 3, "temperature": 0})
    plain = ask("/v1/completions", {"prompt": "7 minus 2 ? so so 7", "max_tokens": 3, "temperature": 0})[1]
    expect("an answer is continued", code == 200 and prefixed["choices"][0]["message"]["content"] == plain["choices"][0]["text"], (prefixed, plain))
    free = ask("/v1/completions", {"prompt": "7 minus 2 ?", "max_tokens": 30, "seed": 4, "ignore_eos": True})[1]["choices"][0]["text"]
    stop = free.split()[5]
    cut = ask("/v1/completions", {"prompt": "7 minus 2 ?", "max_tokens": 30, "seed": 4, "ignore_eos": True, "stop": stop})[1]["choices"][0]
    expect("a stop string", cut["text"] == free[:free.index(stop)] and cut["finish_reason"] == "stop", (cut, free))

    # Refusals.
    for name, code, path, body in (("an unknown parameter", 400, "/v1/completions", {"prompt": "3", "max_token": 3}),
                                   ("a penalty", 400, "/v1/completions", {"prompt": "3", "presence_penalty": 1}),
                                   ("a context too small", 400, "/v1/completions", {"prompt": "3", "max_tokens": 300}),
                                   ("a prompt too long", 400, "/v1/completions", {"prompt": "3" + " 3" * 300}),
                                   ("an id too large", 400, "/v1/completions", {"prompt": [5, 5000]}),
                                   ("an empty prompt", 400, "/v1/completions", {"prompt": []}),
                                   ("another model", 404, "/v1/completions", {"prompt": "3", "model": "gpt-9"}),
                                   ("another path", 404, "/v1/embeddings", {"input": "a"})):
        seen, body, _ = ask(path, body)
        expect(name + " is refused", seen == code and body["error"]["message"], (seen, body))
    expect("no JSON", ask("/v1/completions", raw=b"\xff\xfe{")[0] == 400)
    expect("GET of what wants POST", ask("/v1/completions")[0] == 405)
    expect("a wrong key", Client(int(client.base.rsplit(":")[-1]), "sk-other").ask("/v1/models")[0] == 401)
    expect("health needs no key", Client(int(client.base.rsplit(":")[-1]), "").ask("/health")[0] == 200)

    # Clients that go away take their work along: what comes after is not kept waiting behind it.
    port = int(client.base.rsplit(":")[-1])
    for streamed in (True, False):
        for _ in range(6):
            body = json.dumps({"prompt": "3", "max_tokens": 250, "n": 128, "ignore_eos": True, "stream": streamed}).encode()
            gone = socket.create_connection(("127.0.0.1", port))
            gone.sendall(b"POST /v1/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Length: %d\r\n\r\n%s" % (KEY.encode(), len(body), body))
            time.sleep(0.05)
            gone.close()
    begun = time.time()
    expect("an answer after clients that left", ask("/v1/completions", {"prompt": "3 plus 4 ?", "max_tokens": 40, "seed": 5, "n": 3, "temperature": 1.2})[1]["choices"][0]["text"] == texts[0])
    waited = time.time() - begun
    expect("soon", waited < 30, waited)

    # The engine dies with work on its hands; it is started again.
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        pending = [pool.submit(ask, "/v1/completions", {"prompt": "3", "max_tokens": 250, "n": 128, "ignore_eos": True}) for _ in range(7)]
        time.sleep(0.3)
        for worker in workers_of(process):
            os.kill(worker, signal.SIGKILL)
        codes = [one.result()[0] for one in pending]
    expect("a dead engine is told", set(codes) <= {200, 500, 503} and 500 in codes, codes)
    for _ in range(200):
        code, back, headers = ask("/v1/completions", {"prompt": "3 plus 4 ?", "max_tokens": 40, "seed": 5, "n": 3, "temperature": 1.2})
        if code == 200:
            break
        expect("meanwhile 503 with a time", code == 503 and headers["Retry-After"], (code, back))
        time.sleep(0.1)
    expect("and comes back with the same answers", code == 200 and [c["text"] for c in back["choices"]] == texts, (code, back))


main()
