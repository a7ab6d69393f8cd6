package dial

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/dynamic"

	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// dryRun lets the API server try the write itself, with admission and without
// storing it: as the API server's loopback identity if that can be taken, else
// as oneself.
func (p *prober) dryRun(ctx context.Context, q *question) facts.Attempt {
	if p.api == nil {
		return q.Attempt(facts.CouldNotAsk, "", p.apiErr.Error())
	}
	traced, sent := noteSent(ctx)
	if !p.api.onlySelf.Load() && !p.api.takesLoopback(ctx) {
		p.api.onlySelf.Store(true)
	}
	if !p.api.onlySelf.Load() {
		err := try(traced, p.api.loopback, q.Write)
		if !refusesIdentity(err) {
			return p.tried(ctx, q, err, bootstrap.Loopback.Name, sent.Load())
		}
		p.api.onlySelf.Store(true)
	}
	if p.api.forbids(ctx, q.Write) {
		return q.Attempt(facts.CouldNotAsk, facts.NotPermitted, fmt.Sprintf("no permission to %s %s, which a dry-run of it needs as well", verbOf[q.Write.Operation], q.Write.Resource.GroupResource()))
	}
	err := try(traced, p.api.self, q.Write)
	return p.tried(ctx, q, err, cmp.Or(p.Identity, "oneself"), sent.Load())
}

// try makes the write as a dry-run. An update carries the resource version of
// the object as it is now, without which some kinds can't be updated.
func try(ctx context.Context, client dynamic.Interface, w bootstrap.Write) error {
	resource := client.Resource(w.Resource)
	var on dynamic.ResourceInterface = resource
	if w.Namespace != "" {
		on = resource.Namespace(w.Namespace)
	}
	var sub []string
	if w.Subresource != "" {
		sub = append(sub, w.Subresource)
	}
	all := []string{metav1.DryRunAll}
	switch w.Operation {
	case bootstrap.Create:
		o := w.Object.DeepCopy()
		o.SetResourceVersion("")
		o.SetUID("")
		_, err := on.Create(ctx, o, metav1.CreateOptions{DryRun: all}, sub...)
		return err
	case bootstrap.Delete:
		return on.Delete(ctx, w.Name, metav1.DeleteOptions{DryRun: all}, sub...)
	case bootstrap.Update:
	}
	for again := true; ; again = false {
		live, err := on.Get(ctx, w.Name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		o := w.Object.DeepCopy()
		o.SetResourceVersion(live.GetResourceVersion())
		o.SetUID(live.GetUID())
		_, err = on.Update(ctx, o, metav1.UpdateOptions{DryRun: all}, sub...)
		if !apierrors.IsConflict(err) || byAdmission(err.Error()) || !again {
			return err
		}
	}
}

// tryingOnly says in the URL of whatever may write that it is a dry-run. A deletion
// says it in its body otherwise, which audit logs lack at the level Metadata, and
// where the API server did not read it because it may not be made.
type tryingOnly struct{ http.RoundTripper }

func (t tryingOnly) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method != http.MethodGet {
		r = r.Clone(r.Context())
		query := r.URL.Query()
		query.Set("dryRun", metav1.DryRunAll)
		r.URL.RawQuery = query.Encode()
	}
	return t.RoundTripper.RoundTrip(r)
}

// failedCalling is in what the API server says of a webhook that could not be
// called and whose failurePolicy is Fail.
const failedCalling = "failed calling webhook"

var (
	// admissionSays are the beginnings of what webhooks and policies reject with
	// (k8s.io/apiserver pkg/admission/plugin/webhook/errors/statuserror.go and
	// .../{validating,mutating}/dispatcher.go; pkg/admission/plugin/policy).
	admissionSays = regexp.MustCompile(`^(Internal error occurred: )?(admission webhook "|failed calling webhook "|ValidatingAdmissionPolicy '|policy ['"])|^\S+ "[^"]*" is forbidden: (ValidatingAdmissionPolicy '|policy ['"])`)
	// authorizerSays is what RBAC and other authorizers refuse with
	// (pkg/endpoints/handlers/responsewriters/errors.go, ForbiddenStatusError), and
	// GKE's own.
	authorizerSays = regexp.MustCompile(`is forbidden: User "|GKE Warden authz`)
	noDryRun       = regexp.MustCompile(`^admission webhook ".*" does not support dry run`)
	// notReady is what an API server says that has only just started
	// (pkg/admission/plugin/webhook/generic/webhook.go, Dispatch).
	notReady = "not yet ready to handle request"
)

func byAdmission(message string) bool { return admissionSays.MatchString(message) }

// refusesIdentity reports whether err is that the loopback identity may not be taken.
func refusesIdentity(err error) bool {
	return apierrors.IsForbidden(err) && !byAdmission(err.Error()) && strings.Contains(err.Error(), "impersonat")
}

// tried judges what a dry-run came to. Only what admission did counts as an
// answer; whatever else went wrong says nothing about the write.
func (p *prober) tried(ctx context.Context, q *question, err error, as string, sent bool) facts.Attempt {
	a := p.triedAs(ctx, q, err, as, sent)
	a.As = as
	if s := apierrors.APIStatus(nil); asError(err, &s) {
		a.Status = s.Status().Code
	}
	return a
}

func (p *prober) triedAs(ctx context.Context, q *question, err error, as string, sent bool) facts.Attempt {
	s := apierrors.APIStatus(nil)
	switch {
	case err == nil:
		return q.Attempt(facts.Allowed, "", "")
	case !asError(err, &s):
		return p.noVerdict(ctx, q, err, sent)
	}
	message := s.Status().Message
	switch {
	case noDryRun.MatchString(message):
		return q.Attempt(facts.CouldNotAsk, "", message)
	case byAdmission(message):
		return q.Attempt(facts.Denied, "", message)
	case s.Status().Code == http.StatusGatewayTimeout:
		return q.Attempt(facts.Hung, "", message)
	case q.Write.Operation == bootstrap.Create && apierrors.IsAlreadyExists(err):
		return q.Attempt(facts.Allowed, "", "admitted, and then found to exist by now")
	case apierrors.IsForbidden(err):
		return q.forbidden(message, as)
	}
	return q.Attempt(facts.CouldNotAsk, "", "the write can't be tried here: "+message)
}

func (p *prober) noVerdict(ctx context.Context, q *question, err error, sent bool) facts.Attempt {
	switch {
	case errors.Is(err, context.Canceled), !sent:
		return q.Attempt(facts.CouldNotAsk, "", "the API server could not be reached: "+cause(err))
	case timedOut(err) && p.api.answers(ctx):
		return q.Attempt(facts.Hung, "", noAnswer(q))
	}
	return q.Attempt(facts.CouldNotAsk, "", "the API server did not answer: "+cause(err))
}

// forbidden tells a refusal by an authorizer, which is about this tool's user,
// from one by an admission plugin in the API server, which would also meet the
// new replica.
func (q *question) forbidden(message, as string) facts.Attempt {
	switch {
	case authorizerSays.MatchString(message):
		return q.Attempt(facts.CouldNotAsk, facts.NotPermitted, message)
	case strings.Contains(message, notReady):
		return q.Attempt(facts.CouldNotAsk, "", message)
	case as == bootstrap.Loopback.Name:
		return q.Attempt(facts.Denied, "", message)
	}
	return q.Attempt(facts.CouldNotAsk, "", fmt.Sprintf("rejected for %s, which says nothing about %s: %s", as, bootstrap.Loopback.Name, message))
}
