package gke

import (
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/gke-preflight/gke-preflight/gke/google"
	"github.com/gke-preflight/gke-preflight/gke/kube"
	"github.com/gke-preflight/gke-preflight/gke/origin"
	"github.com/gke-preflight/gke-preflight/gke/plugin"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// failed is err as it is told: which API server was to be reached, by which way, what
// stands in between and what to do about it.
func (c *Connection) failed(ctx context.Context, err error) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return ctx.Err()
	}
	return fmt.Errorf("%s (%s) %s", c.Kubernetes.Host, c.Way, c.explain(err))
}

// explain goes from what is nearest to this process to what is farthest: credentials,
// the connection, what answers in the API server's place, and the API server itself.
func (c *Connection) explain(err error) string {
	absence := kube.Why(err)
	said := absence.Detail
	var p *plugin.Error
	var away *origin.Elsewhere
	switch {
	case errors.As(err, &p):
		return "was not asked: " + c.explainPlugin(p)
	case kube.CredentialsFailed(err):
		return "was not asked, for there is no token: " + google.CredentialsHint(err, said)
	case strings.Contains(said, "invalid header field value"):
		return "was not asked: the token holds what no request can carry, such as a line break: " + c.renew()
	case errors.As(err, &away):
		return fmt.Sprintf("leads on to %s, where no token is sent: a proxy or its login page answers in the API server's place; is this the right context, and is the VPN up?", away.To)
	case kube.CertificateRefused(err):
		return c.explainCertificate(err, said)
	case absence.Reason == facts.Unauthenticated:
		return c.explainRefused()
	case absence.Reason == facts.Forbidden:
		return c.explainForbidden(said)
	case apierrors.IsNotFound(err) && isGateway(c.Kubernetes.Host):
		return "is the Connect gateway, which knows no such membership: gcloud container fleet memberships list shows what they are called, and gcloud container fleet memberships get-credentials MEMBERSHIP writes a context (" + said + ")"
	case strings.Contains(said, "proxyconnect"):
		return "was not reached, for the proxy in between fails: look at proxy-url in the kubeconfig, HTTPS_PROXY and NO_PROXY (" + said + ")"
	case absence.Reason == facts.Timeout:
		return "does not answer: is this the right context, and is the VPN up? A private endpoint, or one with authorized networks, is reached from inside only; " +
			"gcloud container clusters get-credentials --dns-endpoint avoids that (" + said + ")"
	case strings.Contains(said, "connection refused"):
		return "refuses the connection: is this the right context, and is the VPN, proxy or tunnel up? (" + said + ")"
	case strings.Contains(said, "no such host"):
		return "is a host that nobody knows: is this the right context, and was the cluster deleted? (" + said + ")"
	case absence.Reason == facts.Unreachable:
		return "can't be reached: is this the right context, and is the VPN up? (" + said + ")"
	}
	return "answers with something unexpected: is it a Kubernetes API server? (" + said + ")"
}

// explainRefused goes by whose credentials were sent.
func (c *Connection) explainRefused() string {
	switch {
	case c.InCluster:
		return "refuses the token of the Pod's service account: was that deleted and made again, or is this a Pod of another cluster? Start the Pod anew"
	case !strings.HasPrefix(c.Way, contextWay):
		return "refuses the Application Default Credentials: " + google.LogIn
	}
	return "refuses the credentials: run gcloud auth login, or " + c.renew()
}

// explainPlugin says what to do about a credential plugin. Of gcloud's own it is known
// what cures it; of others the plugin says it, if anybody.
func (c *Connection) explainPlugin(p *plugin.Error) string {
	name := filepath.Base(p.Command)
	name = strings.TrimSuffix(name, ".exe")
	ofGoogle := name == "gke-gcloud-auth-plugin"
	said := ""
	if p.Said != "" {
		said = " (it says: " + p.Said + ")"
	}
	switch p.Problem {
	case plugin.NotInstalled:
		switch {
		case ofGoogle:
			return name + ", which gives the credentials, is not installed: run gcloud components install gke-gcloud-auth-plugin, or put it on the PATH"
		case p.Hint != "":
			return p.Command + ", which gives the credentials, is not installed: " + p.Hint
		}
		return p.Command + ", which gives the credentials, is not installed: install it, or put it on the PATH"
	case plugin.OtherVersion:
		return fmt.Sprintf("%s and the kubeconfig don't agree on a version of their protocol, %s: bring the plugin up to date, and %s", name, p.Said, c.renew())
	case plugin.NeedsTerminal:
		return name + ", which gives the credentials, wants to ask somebody and there is no terminal: log in by it beforehand, or use credentials that need nobody"
	case plugin.Hung:
		cure := "run it by hand to see what it waits for"
		if ofGoogle {
			cure = "it waits for the network or for a login: run gcloud auth login, and gcloud auth print-access-token to see whether it works"
		}
		return fmt.Sprintf("%s, which gives the credentials, did not end in time and was stopped: %s%s", name, cure, said)
	case plugin.NoCredential:
		return fmt.Sprintf("%s gives no credentials, %s: run it by hand, bring it up to date, and %s", name, p.Said, c.renew())
	case plugin.Failed:
		if ofGoogle {
			return name + " has no credentials to give: run gcloud auth login, or without anybody at the terminal gcloud auth activate-service-account --key-file FILE" + said
		}
	}
	return name + ", which gives the credentials, failed: log in by it, or run it by hand to see why" + said
}

// explainCertificate tells a certificate that ran out from one for another name and one
// by somebody else.
func (c *Connection) explainCertificate(err error, said string) string {
	var invalid x509.CertificateInvalidError
	var name x509.HostnameError
	switch {
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired && invalid.Cert != nil && time.Now().Before(invalid.Cert.NotBefore):
		return "has a certificate that is valid only from " + invalid.Cert.NotBefore.UTC().Format(time.RFC3339) + " on: does the clock of this machine go right? (" + said + ")"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired && invalid.Cert != nil:
		return "has a certificate that expired on " + invalid.Cert.NotAfter.UTC().Format(time.RFC3339) + ": if the clock of this machine goes right, the control plane was not renewed in time; run " +
			c.gcloud("update", "--start-credential-rotation") + ", and then " + c.gcloud("get-credentials")
	case errors.As(err, &name):
		return "has a certificate for other names than the one that the kubeconfig calls it by: " + c.renew() + " (" + said + ")"
	}
	return "has a certificate that is not from the cluster's authority: something in between intercepts TLS, or the cluster was made anew; " + c.renew() + " (" + said + ")"
}

// explainForbidden tells who said no: the gate of Google's before the API server, or
// the API server's own authorization.
func (c *Connection) explainForbidden(said string) string {
	switch {
	case strings.Contains(said, "cannot get path"):
		return "lets this user read nothing at all, not even /version: bind the ClusterRole that gke-preflight rbac prints (" + said + ")"
	case isDNSEndpoint(c.Kubernetes.Host):
		return "is the cluster's DNS endpoint, which lets nobody through without the permission container.clusters.connect, and from outside Google Cloud only if external traffic is allowed: " +
			"grant roles/container.viewer, or the role that gke-preflight rbac --gcp prints, and look at " + c.gcloud("describe") + " (" + said + ")"
	case isGateway(c.Kubernetes.Host):
		return "is the Connect gateway, which lets nobody through without gkehub.gateway.get, and for more than reads gkehub.gateway.post: grant roles/gkehub.gatewayReader or roles/gkehub.gatewayEditor on the fleet's project (" + said + ")"
	}
	return "answers that this is forbidden before it has asked who it is: a proxy or firewall in between says so, or anonymous requests alone arrive; is this the right context? (" + said + ")"
}

func isDNSEndpoint(server string) bool { return strings.HasSuffix(hostOf(server), ".gke.goog") }

// isGateway reports whether the server is the Connect gateway, global or of a region.
func isGateway(server string) bool {
	u, err := url.Parse(server)
	return err == nil && (u.Hostname() == "connectgateway.googleapis.com" || strings.HasSuffix(u.Hostname(), "-connectgateway.googleapis.com"))
}

// renew says how to write the kubeconfig anew.
func (c *Connection) renew() string {
	if google.Missing(c.Cluster) != "" {
		return "renew the kubeconfig by gcloud container clusters get-credentials"
	}
	return "run " + c.gcloud("get-credentials")
}

// gcloud is a command on the cluster, with what is known of its name.
func (c *Connection) gcloud(verb string, flags ...string) string {
	name, location, project := cmp.Or(c.Cluster.Name, "CLUSTER"), cmp.Or(c.Cluster.Location, "LOCATION"), cmp.Or(c.Cluster.Project, "PROJECT")
	if google.Missing(c.Cluster) != "" {
		name = "CLUSTER"
	}
	return strings.Join(append([]string{"gcloud container clusters", verb, name, "--location", location, "--project", project}, flags...), " ")
}
