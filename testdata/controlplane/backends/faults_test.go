package backends

import (
	"context"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/gke-preflight/gke-preflight/gke/controlplane"
	"github.com/gke-preflight/gke-preflight/gke/controlplane/rig"
)

// A fault is one thing that is wrong with a webhook's backend, or nothing.
type fault struct {
	name string
	// check is who finds it, and says what is in its summary; empty for nothing.
	check, says string
	// outside is what is in the summary where the service proxy was used; empty for
	// the same, and unseen where nobody can tell from there.
	outside string
	// refusal is what the API server says of a request that it wants reviewed, as
	// a regular expression; empty if it admits it.
	refusal string
	// mutating: the webhook is a mutating one.
	mutating bool

	options func(*rig.BackendOptions)
	// broken is done once the backend runs.
	broken func(context.Context, *rig.Cluster, *rig.Backend) error
	client func(*admissionregistrationv1.WebhookClientConfig)
}

const unseen = "unseen"

const patience = 5 * time.Second

var (
	noService  = fault{name: "no-service", check: "GP111", says: "does not exist", refusal: `service "[^"]*" not found`, client: func(c *admissionregistrationv1.WebhookClientConfig) { c.Service.Name += "-gone" }}
	noPort     = fault{name: "no-port", check: "GP111", says: "has no port 444, only 443", refusal: `no service port 444 found`, client: func(c *admissionregistrationv1.WebhookClientConfig) { c.Service.Port = new(int32(444)) }}
	noEndpoint = fault{name: "no-endpoint", check: "GP112", says: "has no endpoints", refusal: `no endpoints available`, broken: withoutEndpoints}
	noneReady  = fault{name: "none-ready", check: "GP112", says: "has no ready endpoint, of 1", refusal: `no endpoints available`, broken: withoutReady}

	refused   = fault{name: "refused", check: "GP113", says: "refuses connections", refusal: `connection refused`, broken: stopped}
	hangs     = fault{name: "hangs", check: "GP113", says: "not even TLS", outside: "does not answer within", refusal: `deadline exceeded|TLS handshake timeout`, options: behaving(controlplane.Hang())}
	hangsTLS  = fault{name: "hangs-after-tls", check: "GP113", says: "does not answer within", refusal: `deadline exceeded`, options: behaving(controlplane.HangAfterTLS())}
	putsOff   = fault{name: "puts-off", check: "GP113", says: "puts its callers off until their time is over (HTTP 503", refusal: `deadline exceeded|an error on the server`, options: behaving(controlplane.PutOff())}
	slow      = fault{name: "slow", check: "GP118", says: "of the 5000 that it has to answer", options: behaving(controlplane.Slow(patience * 6 / 10))}
	wrongName = fault{name: "wrong-name", check: "GP115", says: "a certificate for another name", outside: unseen, refusal: `certificate is valid for elsewhere`, options: func(o *rig.BackendOptions) { o.Names = []string{"elsewhere.svc"} }}
	expired   = fault{name: "expired", check: "GP115", says: "has expired or is not valid yet", outside: unseen, refusal: `certificate has expired`, options: func(o *rig.BackendOptions) { o.NotAfter = time.Now().Add(-time.Hour) }}
	expires   = fault{name: "expires-soon", check: "GP119", says: "expires on", outside: unseen, options: func(o *rig.BackendOptions) { o.NotAfter = time.Now().Add(9 * 24 * time.Hour) }}
	authority = fault{name: "other-authority", check: "GP115", says: "no CA of caBundle has signed", outside: unseen, refusal: `unknown authority`, client: func(c *admissionregistrationv1.WebhookClientConfig) { c.CABundle = stranger() }}

	noBundle     = fault{name: "no-bundle", check: "GP115", says: "caBundle is empty", refusal: `unknown authority`, client: func(c *admissionregistrationv1.WebhookClientConfig) { c.CABundle = nil }}
	badBundle    = fault{name: "bad-bundle", check: "GP115", says: "caBundle holds no PEM certificate", refusal: `unable to load root certificates`, client: func(c *admissionregistrationv1.WebhookClientConfig) { c.CABundle = []byte("Cg==") }}
	oldAuthority = fault{name: "old-authority", check: "GP115", says: "caBundle expired on", refusal: `certificate has expired`, options: func(o *rig.BackendOptions) { o.AuthorityNotAfter = time.Now().Add(-time.Hour) }}

	status     = fault{name: "http-error", check: "GP114", says: "with an HTTP error instead of a review (HTTP 500", refusal: `an error on the server`, options: behaving(controlplane.Status(500))}
	redirect   = fault{name: "redirect", check: "GP114", says: "sends the API server elsewhere (HTTP 307", refusal: `connection refused`, options: behaving(controlplane.Redirect("https://10.77.0.1:1/"))}
	moved      = fault{name: "moved", check: "GP114", says: "sends the API server elsewhere (HTTP 302", refusal: `connection refused`, options: behaving(controlplane.Moved("https://10.77.0.1:1/"))}
	notJSON    = fault{name: "not-json", check: "GP114", says: "answers what is no AdmissionReview", refusal: `couldn't get version/kind`, options: behaving(controlplane.NotJSON())}
	wrongUID   = fault{name: "wrong-uid", check: "GP114", says: "answers another question", refusal: `expected response.uid=`, options: behaving(controlplane.WrongUID())}
	version    = fault{name: "wrong-version", check: "GP114", says: "in a version of AdmissionReview that it is not asked in", refusal: `unknown conversion`, options: behaving(controlplane.WrongVersion())}
	noResponse = fault{name: "no-response", check: "GP114", says: "without a response", refusal: `webhook response was absent`, options: behaving(controlplane.NoResponse())}
	misfit     = fault{name: "patch-misfits", check: "GP114", says: "a patch that does not fit the object", refusal: `error in remove for path`, mutating: true, options: behaving(controlplane.Patch(`[{"op":"remove","path":"/metadata/finalizers"}]`))}
	panics     = fault{name: "patch-panics", check: "GP114", says: "applying it panics", refusal: `INTERNAL_ERROR`, mutating: true, options: behaving(controlplane.Patch(`[{"op":"replace","path":""}]`))}
	noPatch    = fault{name: "patch-is-none", check: "GP114", says: "a patch that can't be used", refusal: `undecodable patch`, mutating: true, options: behaving(controlplane.Patch(`{"metadata":{}}`))}
	endless    = fault{name: "endless", check: "GP114", says: "answers without end", refusal: `deadline exceeded|webhook response was absent`, options: behaving(controlplane.Endless())}
	huge       = fault{name: "huge", check: "GP114", says: "answers without end, or more than a review can be", refusal: `cannot unmarshal string|couldn't get version/kind`, options: behaving(controlplane.Huge(8 << 20))}
	cut        = fault{name: "cut", check: "GP114", says: "ends the connection in the middle", refusal: `unexpected EOF`, options: behaving(controlplane.Cut())}
	plainText  = fault{name: "no-tls", check: "GP114", says: "does not speak TLS", refusal: `server gave HTTP response to HTTPS client|does not look like a TLS handshake`, options: func(o *rig.BackendOptions) { o.PlainText = true }}
	wantsCert  = fault{name: "wants-certificate", check: "GP114", says: "breaks off the TLS handshake", refusal: `remote error: tls`, options: func(o *rig.BackendOptions) { o.ClientCertificate = true }}

	denial  = fault{name: "denies", check: "GP101", says: "no ClusterRoles on Fridays", refusal: `denied the request: no ClusterRoles on Fridays`, options: behaving(controlplane.Deny("no ClusterRoles on Fridays", 403))}
	healthy = fault{name: "healthy"}
)

// faults are all of them, and the control.
func faults() []fault {
	return []fault{
		noService, noPort, noEndpoint, noneReady, refused, hangs, hangsTLS, putsOff, slow, wrongName, expired, expires, authority,
		noBundle, badBundle, oldAuthority, status, redirect, moved, notJSON, wrongUID, version, noResponse, misfit, panics, noPatch,
		endless, huge, cut, plainText, wantsCert, denial, healthy,
	}
}

func behaving(b controlplane.Behaviour) func(*rig.BackendOptions) {
	return func(o *rig.BackendOptions) { o.Behaviour = b }
}

// stranger is a CA that has signed nothing.
func stranger() []byte {
	a, err := controlplane.NewAuthority("stranger")
	if err != nil {
		panic(err)
	}
	return a.PEM
}

func stopped(_ context.Context, _ *rig.Cluster, b *rig.Backend) error {
	b.Stop()
	return nil
}

func withoutEndpoints(ctx context.Context, c *rig.Cluster, b *rig.Backend) error {
	return c.Client.DiscoveryV1().EndpointSlices(b.Namespace).Delete(ctx, b.Service, metav1.DeleteOptions{})
}

func withoutReady(ctx context.Context, c *rig.Cluster, b *rig.Backend) error {
	slices := c.Client.DiscoveryV1().EndpointSlices(b.Namespace)
	s, err := slices.Get(ctx, b.Service, metav1.GetOptions{})
	if err != nil {
		return err
	}
	no := false
	s.Endpoints[0].Conditions = discoveryv1.EndpointConditions{Ready: &no}
	_, err = slices.Update(ctx, s, metav1.UpdateOptions{})
	return err
}
