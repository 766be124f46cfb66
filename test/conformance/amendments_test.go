package conformance_test

import (
	"errors"
	"reflect"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// amendment changes the description where it is wrong about Discord, or says nothing about an operation that Discord's own
// clients use.
type amendment struct {
	pointer string // to what is replaced or added; /- adds to a list
	value   string // JSON
	why     string
}

// amendments is the whole list of differences between what is asked of the platform and Discord's description.
var amendments = []amendment{
	{
		"/components/schemas/InnerErrors/properties/_errors/items",
		`{"type": "object", "required": ["code", "message"], "properties": {"code": {"type": "string"}, "message": {"type": "string"}}}`,
		"the code of a field's problem is a word such as BASE_TYPE_REQUIRED, https://discord.com/developers/docs/reference#error-messages",
	},
	{
		"/components/schemas/MessageReferenceType",
		`{"type": "integer", "enum": [0, 1]}`,
		"1 is a forward, https://discord.com/developers/docs/resources/message#message-reference-types",
	},
	{
		"/components/schemas/GuildFeatures/oneOf/-",
		`{"title": "MEMBER_VERIFICATION_MANUAL_APPROVAL", "const": "MEMBER_VERIFICATION_MANUAL_APPROVAL"}`,
		"guilds that review who wants to join have it, https://docs.discord.food/resources/guild#guild-features",
	},
	{
		"/paths/~1guilds",
		`{"post": {
			"requestBody": {"content": {"application/json": {"schema": {
				"type": "object",
				"properties": {
					"name": {"type": "string", "minLength": 2, "maxLength": 100},
					"icon": {"type": ["string", "null"], "contentEncoding": "base64"},
					"verification_level": {"$ref": "#/components/schemas/VerificationLevels"},
					"default_message_notifications": {"$ref": "#/components/schemas/UserNotificationSettings"},
					"explicit_content_filter": {"$ref": "#/components/schemas/GuildExplicitContentFilterTypes"},
					"roles": {"type": "array", "items": {"$ref": "#/components/schemas/CreateRoleRequest"}, "maxItems": 5},
					"channels": {"type": "array", "items": {"$ref": "#/components/schemas/CreateGuildChannelRequest"}, "maxItems": 5},
					"afk_timeout": {"$ref": "#/components/schemas/AfkTimeouts"},
					"system_channel_flags": {"type": "integer"}
				},
				"required": ["name"]
			}}}},
			"responses": {
				"201": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/GuildResponse"}}}},
				"4XX": {"$ref": "#/components/responses/ClientErrorResponse"}
			}
		}}`,
		"users create guilds; bots, for whom the description is made, no longer do",
	},
	{
		"/paths/~1guilds~1{guild_id}/delete",
		`{"responses": {"204": {}, "4XX": {"$ref": "#/components/responses/ClientErrorResponse"}}}`,
		"owners delete guilds; bots, for whom the description is made, own none",
	},
	{
		"/paths/~1invites~1{code}/post",
		`{
			"requestBody": {"content": {"application/json": {"schema": {
				"type": "object", "properties": {"session_id": {"type": ["string", "null"]}}
			}}}},
			"responses": {
				"200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/GuildInviteResponse"}}}},
				"4XX": {"$ref": "#/components/responses/ClientErrorResponse"}
			}
		}`,
		"users accept invites; bots, for whom the description is made, can't",
	},
}

func (a amendment) apply(root any) error {
	value, err := jsonschema.UnmarshalJSON(strings.NewReader(a.value))
	if err != nil {
		return err
	}
	if present, ok := at(root, a.pointer); ok && reflect.DeepEqual(present, value) {
		return errors.New("the description says the same by now: remove the amendment")
	}
	place, list := strings.CutSuffix(a.pointer, "/-")
	slash := strings.LastIndexByte(place, '/')
	parent, ok := at(root, place[:slash])
	if !ok {
		return errors.New("its place is gone")
	}
	fields, key := parent.(map[string]any), unescape.Replace(place[slash+1:])
	if !list {
		fields[key] = value
		return nil
	}
	elements, ok := fields[key].([]any)
	if !ok {
		return errors.New("its place is no list")
	}
	if slices.ContainsFunc(elements, func(present any) bool { return reflect.DeepEqual(present, value) }) {
		return errors.New("the description says the same by now: remove the amendment")
	}
	fields[key] = append(elements, value)
	return nil
}
