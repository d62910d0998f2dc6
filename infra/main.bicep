targetScope = 'subscription'

@minLength(1)
@maxLength(64)
@description('Name of the azd environment. The resource group is named after it, and all other names derive from it.')
param environmentName string

@description('Azure region; one with Flex Consumption: az functionapp list-flexconsumption-locations.')
@metadata({ azd: { type: 'location' } })
param location string

@minLength(1)
@description('E-mail address that the app uses LiveChat with.')
param liveChatUsername string

@secure()
@minLength(1)
@description('API key, or personal access token, of that address. Kept in the Key Vault.')
param liveChatApiKey string

@description('When set, events of any other LiveChat licence are refused.')
param liveChatLicenseId string = ''

@minValue(1)
@description('Calls per 60 s that EACH instance may make to LiveChat, which allows an account about 100. The HTTP functions and the timers run on instances of their own, so a quiet app already has two.')
param liveChatRateLimit int = 50

@secure()
@minLength(12)
@description('Password that LiveChat must present with each webhook. azd makes one up; it travels in a URL, so letters and digits. Kept in the Key Vault.')
@metadata({ azd: { type: 'generate', config: { length: 32, noSpecial: true } } })
param webhookPassword string

@secure()
@description('While the password is being changed: the one before, still accepted until LiveChat uses the new one. Kept in the Key Vault.')
param webhookPasswordPrevious string = ''

@minValue(0)
@description('Age in days at which events are removed; 0 keeps them.')
param eventRetentionDays int = 0

@description('Address that alerts are mailed to. Without it they only show in the portal.')
param operatorEmail string = ''

@allowed([512, 2048, 4096])
@description('Memory of an instance in MB, and with it its share of a core. 512 is the cheapest; a cold start then takes longer.')
param instanceMemoryMB int = 2048

@minValue(1)
@maxValue(1000)
@description('Most instances that each scale group may have: the HTTP functions together, and every timer and queue function alone. Bounds what a flood can cost, and multiplies liveChatRateLimit.')
param maximumInstanceCount int = 10

var token = toLower(uniqueString(subscription().id, environmentName, location))
var tags = { 'azd-env-name': environmentName }

resource group 'Microsoft.Resources/resourceGroups@2025-04-01' = {
  name: 'rg-${environmentName}'
  location: location
  tags: tags
}

module identity 'modules/identity.bicep' = {
  name: 'identity'
  scope: group
  params: {
    name: 'id-${token}'
    location: location
    tags: tags
  }
}

module storage 'modules/storage.bicep' = {
  name: 'storage'
  scope: group
  params: {
    name: 'st${token}'
    location: location
    tags: tags
    principalId: identity.outputs.principalId
  }
}

module vault 'modules/vault.bicep' = {
  name: 'vault'
  scope: group
  params: {
    name: 'kv-${token}'
    location: location
    tags: tags
    principalId: identity.outputs.principalId
    liveChatApiKey: liveChatApiKey
    webhookPassword: webhookPassword
    webhookPasswordPrevious: webhookPasswordPrevious
  }
}

module monitoring 'modules/monitoring.bicep' = {
  name: 'monitoring'
  scope: group
  params: {
    name: 'livechat-${token}'
    location: location
    tags: tags
    principalId: identity.outputs.principalId
  }
}

module app 'modules/app.bicep' = {
  name: 'app'
  scope: group
  params: {
    name: 'func-${token}'
    location: location
    tags: tags
    identityId: identity.outputs.id
    clientId: identity.outputs.clientId
    storageAccountName: storage.outputs.name
    deploymentContainerUrl: storage.outputs.deploymentContainerUrl
    queueServiceUri: storage.outputs.queueServiceUri
    tableServiceUri: storage.outputs.tableServiceUri
    applicationInsightsConnectionString: monitoring.outputs.connectionString
    vaultSettings: vault.outputs.settings
    liveChatUsername: liveChatUsername
    liveChatLicenseId: liveChatLicenseId
    liveChatRateLimit: liveChatRateLimit
    eventRetentionDays: eventRetentionDays
    instanceMemoryMB: instanceMemoryMB
    maximumInstanceCount: maximumInstanceCount
  }
}

module alerts 'modules/alerts.bicep' = {
  name: 'alerts'
  scope: group
  params: {
    name: 'livechat-${token}'
    location: location
    tags: tags
    applicationInsightsId: monitoring.outputs.applicationInsightsId
    healthUrl: '${app.outputs.url}/api/health'
    operatorEmail: operatorEmail
  }
}

@description('Name of the function app.')
output AZURE_FUNCTION_APP_NAME string = app.outputs.name

@description('Where the app answers.')
output LIVECHAT_FUNCTIONS_URL string = app.outputs.url
