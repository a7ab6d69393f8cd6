package admission

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"

	"k8s.io/apimachinery/pkg/labels"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
)

// A command is one that shows or mends something of a webhook; empty where that
// webhook has no such thing.
type command func(*facts.Snapshot, webhook) remedy.Command

// mend adds a step on a webhook to those before it.
func mend(s *facts.Snapshot, w webhook, before remedy.Steps, text string, cs ...command) remedy.Steps {
	var all []remedy.Command
	for _, c := range cs {
		if made := c(s, w); made.Text != "" && !slices.Contains(all, made) {
			all = append(all, made)
		}
	}
	if w.client.Service == nil && all == nil {
		all = append(all, lookAtPods(s, w))
	}
	steps := before.Then(text, all...)
	if k, ok := w.stake(s); ok && slices.Contains(all, restart(s, w)) {
		return k.named(s, steps)
	}
	return steps
}

// stake is what is behind w, or false for a URL.
func (w webhook) stake(s *facts.Snapshot) (stake, bool) {
	if w.client.Service == nil {
		return stake{}, false
	}
	return stake{namespace: w.client.Service.Namespace, service: w.client.Service.Name, selector: selectorOf(s, w)}, true
}

// inNamespace is a kubectl command on what is behind w; empty for a URL.
func inNamespace(w webhook, words ...string) remedy.Command {
	if w.client.Service == nil {
		return remedy.Command{}
	}
	return remedy.Words(append([]string{"kubectl", "--namespace", w.client.Service.Namespace}, words...)...)
}

func pods(s *facts.Snapshot, w webhook) remedy.Command { return lookAtPods(s, w) }

func service(_ *facts.Snapshot, w webhook) remedy.Command {
	if w.client.Service == nil {
		return remedy.Command{}
	}
	return inNamespace(w, "describe", "service", w.client.Service.Name)
}

func described(s *facts.Snapshot, w webhook) remedy.Command {
	return inNamespace(w, append([]string{"describe", "pods"}, selecting(s, w)...)...)
}

func deployments(_ *facts.Snapshot, w webhook) remedy.Command {
	return inNamespace(w, "get", "deployments,statefulsets,daemonsets")
}

func top(s *facts.Snapshot, w webhook) remedy.Command {
	return inNamespace(w, append([]string{"top", "pods"}, selecting(s, w)...)...)
}

func policies(_ *facts.Snapshot, w webhook) remedy.Command {
	return inNamespace(w, "get", "networkpolicies")
}

func logs(s *facts.Snapshot, w webhook) remedy.Command { return said(s, w, "--tail", "50") }

func lastWords(s *facts.Snapshot, w webhook) remedy.Command {
	return said(s, w, "--previous", "--tail", "50")
}

// said are logs: of all the pods, or of one of them where it is not known how its
// Service selects them.
func said(s *facts.Snapshot, w webhook, flags ...string) remedy.Command {
	if w.client.Service == nil {
		return remedy.Command{}
	}
	whose := selecting(s, w)
	if whose == nil {
		whose = []string{"service/" + w.client.Service.Name}
	}
	return inNamespace(w, slices.Concat([]string{"logs"}, flags, whose)...)
}

func certificates(_ *facts.Snapshot, w webhook) remedy.Command {
	return inNamespace(w, "get", "secrets", "--field-selector", "type=kubernetes.io/tls")
}

func restart(s *facts.Snapshot, w webhook) remedy.Command {
	k, ok := w.stake(s)
	if !ok {
		return remedy.Command{}
	}
	return inNamespace(w, "rollout", "restart", workloadOf(s, k))
}

func firewall(s *facts.Snapshot, _ webhook) remedy.Command {
	return remedy.Words("gcloud", "compute", "firewall-rules", "list", "--filter", fmt.Sprintf("name~gke-%s-[0-9a-z]*-master", cmp.Or(s.Meta.Cluster.Name, ".*")))
}

func edit(_ *facts.Snapshot, w webhook) remedy.Command {
	return remedy.Sh("kubectl edit %s %s", w.resource(), w.config)
}

// bundle shows the CA that the webhook trusts.
func bundle(_ *facts.Snapshot, w webhook) remedy.Command {
	return remedy.Sh(`kubectl get %s %s --output jsonpath=%s | base64 --decode | openssl x509 -noout -subject -enddate`,
		w.resource(), w.config, fmt.Sprintf(`{.webhooks[?(@.name=="%s")].clientConfig.caBundle}`, w.name))
}

// served shows the certificate that the backend serves.
func served(_ *facts.Snapshot, w webhook) remedy.Command {
	const show = "</dev/null | openssl x509 -noout -issuer -enddate -ext subjectAltName"
	if w.client.Service == nil && isAddress(w.serverName()) {
		return remedy.Sh("openssl s_client -connect %s -noservername "+show, w.hostPort()) // no address is a server name: RFC 6066, section 3
	}
	if w.client.Service == nil {
		return remedy.Sh("openssl s_client -connect %s -servername %s "+show, w.hostPort(), w.serverName())
	}
	return remedy.Sh("kubectl --namespace %s port-forward service/%s 8443:%d &\nsleep 3\nopenssl s_client -connect localhost:8443 -servername %s "+show+"\nkill $!",
		w.client.Service.Namespace, w.client.Service.Name, w.port(), w.serverName())
}

// selecting is the selector of w's Service as a flag; nil where it is not known.
func selecting(s *facts.Snapshot, w webhook) []string {
	if sel := selectorOf(s, w); len(sel) > 0 {
		return []string{"--selector", labels.FormatLabels(sel)}
	}
	return nil
}

func selectorOf(s *facts.Snapshot, w webhook) map[string]string {
	services, _ := facts.Services.Get(s)
	for _, v := range services {
		if v.Namespace+"/"+v.Name == w.service() {
			return v.Selector
		}
	}
	return nil
}

// isAddress reports whether a server's name is an IP address.
func isAddress(name string) bool {
	_, err := netip.ParseAddr(name)
	return err == nil
}
