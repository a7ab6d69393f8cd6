package dial

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/rest"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// serverRead has the running API server GET the path, for which it calls the
// backend of q itself. good judges what comes with success.
func (p *prober) serverRead(ctx context.Context, q *question, path string, good func([]byte) facts.Attempt) (a facts.Attempt) {
	if p.api == nil {
		return q.Attempt(facts.CouldNotAsk, "", p.apiErr.Error())
	}
	begin := time.Now()
	defer func() { a.Milliseconds = max(1, time.Since(begin).Milliseconds()) }()
	ctx, cancel := context.WithTimeout(ctx, q.Timeout)
	defer cancel()
	traced, sent := noteSent(ctx)
	code, content, err := p.get(traced, path)
	switch {
	case code == 0 && !sent.Load():
		return q.Attempt(facts.CouldNotAsk, "", "the API server could not be reached: "+cause(err))
	case timedOut(err) && p.api.answers(ctx):
		return q.Attempt(facts.Hung, "", noAnswer(q))
	case timedOut(err):
		return q.Attempt(facts.CouldNotAsk, "", "the API server itself does not answer")
	case code == 0:
		return q.Attempt(facts.CouldNotAsk, "", "the connection to the API server broke: "+cause(err))
	case code >= http.StatusBadRequest:
		return withStatus(q.refused(code, content), code)
	}
	return good(content)
}

// get reads no more of an answer than of a backend's.
func (p *prober) get(ctx context.Context, path string) (code int, content []byte, err error) {
	r := &reader{RoundTripper: p.api.transport, budget: &p.bodies}
	defer r.release()
	client, err := rest.UnversionedRESTClientForConfigAndClient(p.api.config, r.client())
	if err != nil {
		return 0, nil, err
	}
	res := client.Get().RequestURI(path).SetHeader("Accept", "application/json").MaxRetries(0).Do(ctx)
	res.StatusCode(&code)
	content, err = res.Raw()
	return code, content, err
}

// refused tells an answer of the API server for itself from what it says of the backend.
func (q *question) refused(code int, content []byte) facts.Attempt {
	message := httpError(code, content)
	if s := statusOf(content); s != nil {
		message = s.Message
	}
	_, conversion, converts := strings.Cut(message, "conversion webhook for ")
	_, reach, unreached := strings.Cut(message, noReach)
	switch {
	case converts:
		return q.unconverted(conversion)
	case unreached:
		return q.failed(reach)
	case code == http.StatusUnauthorized, code == http.StatusForbidden:
		return q.Attempt(facts.CouldNotAsk, facts.NotPermitted, message)
	case q.Call.Collection == "" && code != http.StatusTooManyRequests:
		return q.Attempt(facts.BadAnswer, facts.HTTPStatus, message)
	}
	return q.Attempt(facts.CouldNotAsk, "", "the API server says: "+message)
}

// unconverted is what the API server says of a conversion that failed: what went
// wrong with the call or its answer, or else the converter's own words.
func (q *question) unconverted(message string) facts.Attempt {
	_, why, ok := strings.Cut(message, "failed: ")
	if !ok {
		why = message
	}
	a := q.failed(why)
	if a.Fault == facts.HTTPStatus && !strings.Contains(why, "has prevented the request from succeeding") && !strings.HasPrefix(why, "the server ") {
		a.Answer, a.Fault = facts.Denied, ""
	}
	return a
}

// apiResources judges the discovery of a group and version.
func (q *question) apiResources(content []byte) facts.Attempt {
	var list metav1.APIResourceList
	if err := json.Unmarshal(content, &list); err != nil || list.Kind != "APIResourceList" {
		return q.Attempt(facts.BadAnswer, facts.NotReview, "what it answers is no APIResourceList")
	}
	return q.Attempt(facts.Allowed, "", "")
}

// object judges an object in the version that was wanted.
func (q *question) object(content []byte) facts.Attempt {
	var got metav1.TypeMeta
	if err := json.Unmarshal(content, &got); err != nil || got.APIVersion != q.Call.Want {
		return q.Attempt(facts.CouldNotAsk, "", fmt.Sprintf("the API server answers with %q", got.APIVersion))
	}
	return q.Attempt(facts.Allowed, "", "")
}

// A sample is the first object of a collection, and how reading it ended.
type sample struct {
	// object is nil if there is none, or it could not be read.
	object *unstructured.Unstructured
	// failed is how the list failed; its Answer is empty if it did not.
	failed facts.Attempt
}

// sampleOf lists one object of the collection, once.
func (p *prober) sampleOf(ctx context.Context, q *question) sample {
	p.mu.Lock()
	read, ok := p.samples[q.Call.Collection]
	if !ok {
		read = sync.OnceValue(func() sample { return p.list(ctx, q) })
		p.samples[q.Call.Collection] = read
	}
	p.mu.Unlock()
	return read()
}

func (p *prober) list(ctx context.Context, q *question) (found sample) {
	path := q.Call.Collection + "?limit=1"
	found.failed = p.serverRead(ctx, q, path, func(content []byte) facts.Attempt {
		var page unstructured.UnstructuredList
		if err := page.UnmarshalJSON(content); err != nil {
			return q.Attempt(facts.CouldNotAsk, "", "the answer to a list is none")
		}
		if len(page.Items) > 0 {
			found.object = &page.Items[0]
		}
		return facts.Attempt{}
	})
	return found
}

// listed is the attempt of the list itself.
func (q *question) listed(s sample) facts.Attempt {
	a := q.Attempt(s.failed.Answer, s.failed.Fault, s.failed.Detail)
	a.Status, a.Milliseconds = s.failed.Status, s.failed.Milliseconds
	switch {
	case s.failed.Answer != "":
	case s.object == nil:
		a.Answer, a.Detail = facts.NotAsked, "nothing is stored, so that nothing is converted"
	default:
		a.Answer = facts.Allowed
	}
	return a
}

// noSample is the attempt of a question for which there is no object.
func (q *question) noSample(s sample) facts.Attempt {
	switch {
	case s.failed.Answer == "":
		return q.Attempt(facts.NotAsked, "", "nothing is stored, so that there is nothing to convert")
	case s.failed.Answer == facts.CouldNotAsk:
		return q.Attempt(facts.CouldNotAsk, s.failed.Fault, "no object could be read to ask with: "+s.failed.Detail)
	}
	return q.Attempt(facts.NotAsked, "", fmt.Sprintf("no object could be read to ask with: %s", s.failed.Answer))
}

// objectPath is the path of the object below the collection in another version.
func objectPath(collection string, object *unstructured.Unstructured) string {
	at := strings.LastIndexByte(collection, '/')
	if ns := object.GetNamespace(); ns != "" {
		return collection[:at] + "/namespaces/" + ns + collection[at:] + "/" + object.GetName()
	}
	return collection + "/" + object.GetName()
}
