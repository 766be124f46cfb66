package applications

import (
	"slices"

	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
)

// params is what an application asks for when it is added.
// https://discord.com/developers/docs/resources/application#install-params-object
type params struct {
	Scopes      []string                    `json:"scopes"`
	Permissions form.Field[permissions.Set] `json:"permissions"`
}

// integrations is how an application is added, by integration type: 0 to a guild, 1 to a user.
type integrations map[string]*struct {
	Params *params `json:"oauth2_install_params"`
}

func (s *settings) checkInstalls(p *form.Problems) {
	s.InstallParams.Value.check(p, "install_params")
	types := s.IntegrationTypes.Value
	if types == nil {
		return
	}
	if len(*types) == 0 {
		p.Required("integration_types_config")
	}
	for kind, config := range *types {
		if kind != "0" && kind != "1" {
			p.Add("integration_types_config", "BASE_TYPE_CHOICES", "Key must be one of {0, 1}.")
		} else if config != nil {
			config.Params.check(p, form.At("integration_types_config", kind, "oauth2_install_params"))
		}
	}
}

func (i *params) check(p *form.Problems, path string) {
	if i == nil {
		return
	}
	if len(i.Scopes) == 0 {
		p.Required(form.At(path, "scopes"))
	}
	for n, scope := range i.Scopes {
		at := form.At(path, "scopes", n)
		form.OneOf(p, at, scope, discord.ScopeCommands, discord.ScopeBot)
		if slices.Contains(i.Scopes[:n], scope) {
			p.Add(at, "BASE_TYPE_BAD_VALUE", "The scope is there twice.")
		}
	}
}

func (i *params) install() *discord.InstallParams {
	if i == nil {
		return nil
	}
	return &discord.InstallParams{Scopes: i.Scopes, Permissions: i.Permissions.Value & permissions.All}
}

func (s *settings) applyInstalls(a *discord.Application) {
	if s.InstallParams.Set {
		a.InstallParams = s.InstallParams.Value.install()
	}
	if !s.IntegrationTypes.Set || s.IntegrationTypes.Value == nil {
		return
	}
	a.IntegrationTypesConfig = map[string]discord.IntegrationInstall{}
	for kind, config := range *s.IntegrationTypes.Value {
		var install discord.IntegrationInstall
		if config != nil {
			install.OAuth2InstallParams = config.Params.install()
		}
		a.IntegrationTypesConfig[kind] = install
	}
}
