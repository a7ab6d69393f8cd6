package browser

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"sync"
	"testing"
	"time"
)

// A chromium is a running browser, spoken to by the DevTools protocol over a pair
// of pipes: one JSON object after the other, each ended by a zero byte.
type chromium struct {
	out io
	in  *bufio.Reader

	mu      sync.Mutex
	last    int
	waiting map[int]chan message
	events  map[string][]message
	arrived *sync.Cond
	gone    error
}

type io interface{ Write([]byte) (int, error) }

// A message is an answer, which has the ID of its question, or an event.
type message struct {
	ID      int             `json:"id,omitempty"`
	Session string          `json:"sessionId,omitempty"`
	Method  string          `json:"method,omitempty"`
	Params  json.RawMessage `json:"params,omitempty"`
	Result  json.RawMessage `json:"result,omitempty"`
	Error   *struct {
		Message string `json:"message"`
	} `json:"error,omitempty"`
}

// start starts a browser that resolves no name, and ends it with the test.
func start(t *testing.T) *chromium {
	t.Helper()
	program := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			program = path
			break
		}
	}
	if program == "" {
		t.Fatal("there is no chromium to show the report in: apt-get install --no-install-recommends chromium")
	}
	theirIn, out := pipe(t)
	in, theirOut := pipe(t)
	cmd := exec.Command(program, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
		"--no-first-run", "--disable-extensions", "--disable-background-networking", "--host-resolver-rules=MAP * ~NOTFOUND",
		"--user-data-dir="+t.TempDir(), "--remote-debugging-pipe", "about:blank")
	cmd.ExtraFiles = []*os.File{theirIn, theirOut}
	var said bytes.Buffer
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	theirIn.Close()
	theirOut.Close()
	c := &chromium{out: out, in: bufio.NewReader(in), waiting: map[int]chan message{}, events: map[string][]message{}}
	c.arrived = sync.NewCond(&c.mu)
	go c.read()
	t.Cleanup(func() {
		c.call(t, "", "Browser.close", nil)
		out.Close()
		if err := cmd.Wait(); err != nil {
			t.Logf("chromium: %v\n%s", err, said.String())
		}
	})
	return c
}

func pipe(t *testing.T) (r, w *os.File) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close(); w.Close() })
	return r, w
}

func (c *chromium) read() {
	for {
		b, err := c.in.ReadBytes(0)
		var m message
		if err == nil {
			err = json.Unmarshal(b[:len(b)-1], &m)
		}
		c.mu.Lock()
		switch {
		case err != nil:
			c.gone = err
			for _, w := range c.waiting {
				close(w)
			}
			c.waiting = nil
		case m.ID != 0:
			c.waiting[m.ID] <- m
			delete(c.waiting, m.ID)
		default:
			c.events[m.Session] = append(c.events[m.Session], m)
		}
		c.arrived.Broadcast()
		c.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// call asks the browser, or a page of it, to do something, and returns the answer.
func (c *chromium) call(t *testing.T, session, method string, params any) json.RawMessage {
	t.Helper()
	b, err := json.Marshal(params)
	if err != nil {
		t.Fatal(err)
	}
	answer := make(chan message, 1)
	c.mu.Lock()
	if c.gone != nil {
		c.mu.Unlock()
		t.Fatalf("chromium is gone: %v", c.gone)
	}
	c.last++
	m := message{ID: c.last, Session: session, Method: method}
	if params != nil {
		m.Params = b
	}
	c.waiting[m.ID] = answer
	c.mu.Unlock()
	b, err = json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.out.Write(append(b, 0)); err != nil {
		t.Fatal(err)
	}
	select {
	case m, ok := <-answer:
		if !ok {
			t.Fatalf("%s: chromium is gone", method)
		}
		if m.Error != nil {
			t.Fatalf("%s: %s", method, m.Error.Message)
		}
		return m.Result
	case <-time.After(time.Minute):
		t.Fatalf("%s: no answer within a minute", method)
	}
	return nil
}

// await waits for an event of a page.
func (c *chromium) await(t *testing.T, session, method string) {
	t.Helper()
	late := time.AfterFunc(time.Minute, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.gone == nil {
			c.gone = fmt.Errorf("no %s within a minute", method)
		}
		c.arrived.Broadcast()
	})
	defer late.Stop()
	c.mu.Lock()
	defer c.mu.Unlock()
	for !slices.ContainsFunc(c.events[session], func(m message) bool { return m.Method == method }) {
		if c.gone != nil {
			t.Fatal(c.gone)
		}
		c.arrived.Wait()
	}
}

// seen are the events of a page so far.
func (c *chromium) seen(session string) []message {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.events[session])
}
