package lifeline

import "github.com/gke-preflight/gke-preflight/preflight/bootstrap"

const authenticated = "system:authenticated"

// kubelet is the identity of a node (kubernetes plugin/pkg/auth/authorizer/node).
func kubelet(node string) bootstrap.User {
	return bootstrap.User{Name: "system:node:" + node, Groups: []string{"system:nodes", authenticated}}
}

// newcomer is a node that has no identity yet. How its provider names it
// differs: by its group alone is it known everywhere (kubernetes
// plugin/pkg/auth/authenticator/token/bootstrap, TokenAuthenticator).
func newcomer() bootstrap.User {
	return bootstrap.User{Name: "system:bootstrap:gke", Groups: []string{"system:bootstrappers", authenticated}}
}

// component is a part of the control plane, such as kube-scheduler.
func component(name string) bootstrap.User {
	return bootstrap.User{Name: "system:" + name, Groups: []string{authenticated}}
}

// serviceAccount is one of kube-system, as which each controller writes
// (kubernetes cmd/kube-controller-manager, --use-service-account-credentials).
func serviceAccount(name string) bootstrap.User {
	return bootstrap.User{Name: "system:serviceaccount:kube-system:" + name, Groups: []string{"system:serviceaccounts", "system:serviceaccounts:kube-system", authenticated}}
}

// addonManager applies what belongs to GKE itself (kubernetes
// cluster/gce/gci/configure-helper.sh, create-master-auth).
func addonManager() bootstrap.User {
	return bootstrap.User{Name: "system:addon-manager", Groups: []string{"system:masters", authenticated}}
}
