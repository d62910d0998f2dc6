metadata name = 'LiveChat Functions'
metadata description = 'LiveChat actions, webhooks and tickets as an Azure Functions app on Flex Consumption'

targetScope = 'subscription'

@minLength(1)
@maxLength(64)
@description('Name of the azd environment. The names of the resource group and of all resources derive from it.')
param environmentName string

@description('Azure region. The list has the regions with Flex Consumption: az functionapp list-flexconsumption-locations.')
@allowed([
  'australiaeast'
  'australiasoutheast'
  'brazilsouth'
  'canadacentral'
  'centralindia'
  'centralus'
  'eastasia'
  'eastus'
  'eastus2'
  'francecentral'
  'germanywestcentral'
  'italynorth'
  'japaneast'
  'koreacentral'
  'northcentralus'
  'northeurope'
  'norwayeast'
  'southafricanorth'
  'southcentralus'
  'southeastasia'
  'southindia'
  'spaincentral'
  'swedencentral'
  'uaenorth'
  'uksouth'
  'ukwest'
  'westcentralus'
  'westeurope'
  'westus'
  'westus2'
  'westus3'
])
@metadata({ azd: { type: 'location' } })
param location string

@allowed(['v2', 'text'])
@description('Which of LiveChat\'s APIs the app calls: v2, or text for accounts on the Text platform.')
param liveChatApi string = 'v2'

@description('Text platform: the account of the personal access token, a UUID.')
param liveChatAccountId string = ''

@description('Text platform: the Client ID of the app that owns the webhooks.')
param liveChatClientId string = ''

@allowed(['on', 'off'])
@description('Text platform: off for an account without HelpDesk, where tickets are.')
param helpDesk string = 'on'

@minLength(1)
@description('Email address of the LiveChat account. The Text platform does not use it: there, enter any text.')
param liveChatUsername string

@secure()
@minLength(1)
@description('API key or personal access token of the account. Kept in the Key Vault.')
param liveChatApiKey string

@description('When set, events of other LiveChat licences are refused.')
param liveChatLicenseId string = ''

@minValue(1)
@description('Calls per 60 s that EACH instance may make to LiveChat, which allows an account about 100. The HTTP functions and each timer run on separate instances, so even a quiet app has two.')
param liveChatRateLimit int = 50

@secure()
@minLength(12)
@description('Password of the webhooks: letters and digits, because it is part of a URL. azd generates it. Kept in the Key Vault.')
@metadata({ azd: { type: 'generate', config: { length: 32, noSpecial: true } } })
param webhookPassword string

@secure()
@description('The former password, still accepted while the password is changed. Kept in the Key Vault.')
param webhookPasswordPrevious string = ''

@secure()
@description('URL that is called when a check changes its state, such as a Teams workflow. Kept in the Key Vault.')
param operatorWebhookUrl string = ''

@minValue(0)
@description('Days to keep events; 0: for ever.')
param eventRetentionDays int = 0

@minValue(0)
@description('More days to keep events for a subscription that is behind; 0: none.')
param retentionMarginDays int = 7

@minValue(1)
@description('Days to keep the content of a ticket that LiveChat no longer has.')
param deletedTicketDays int = 30

@description('on: the Functions host streams request bodies; off: it reads them first and drops bodies without a Content-Length.')
@allowed(['on', 'off'])
param httpStreaming string = 'on'

@description('Email address for alerts. Without it, alerts show only in the portal.')
param operatorEmail string = ''

@allowed([512, 2048, 4096])
@description('Memory of an instance in MB, which also sets its share of a core. 512 costs least, but its cold start is slower.')
param instanceMemoryMB int = 2048

@minValue(0)
@maxValue(1000)
@description('HTTP requests that an instance serves at once; 0 depends on its memory: 8 at 512 MB, 32 at 2,048 MB, 64 at 4,096 MB.')
param httpConcurrency int = 0

@minValue(1)
@maxValue(1000)
@description('The maximum number of instances of each scale group: all HTTP functions, each timer, each queue function. Limits the cost of a flood, and multiplies liveChatRateLimit. Some regions require at least 40.')
param maximumInstanceCount int = 10

@minValue(0)
@maxValue(100)
@description('HTTP instances that always run, so no webhook waits for a cold start. Each is paid by the hour.')
param alwaysReadyHttp int = 0

@allowed(['Recreate', 'RollingUpdate'])
@description('How a deployment or a changed setting replaces running instances. Recreate ends requests in flight; RollingUpdate (preview) lets them finish.')
param updateStrategy string = 'Recreate'

@allowed(['Standard_LRS', 'Standard_ZRS', 'Standard_GRS', 'Standard_GZRS', 'Standard_RAGRS', 'Standard_RAGZRS'])
@description('Redundancy of the storage account with the log: LRS in one building, ZRS in three zones, GRS and GZRS also in a second region.')
param storageSku string = 'Standard_LRS'

@description('Puts a CanNotDelete lock on the storage account. azd down fails until the lock is removed.')
param deleteLock bool = false

@description('Spreads the instances over the region\'s availability zones.')
param zoneRedundant bool = false

@description('Closes storage and vault to the public: the app reaches them by private endpoints in a virtual network. The app stays public for LiveChat.')
param vnetEnabled bool = false

@minValue(1)
@maxValue(1000)
@description('GB of telemetry a day; beyond this limit Azure accepts none until the next day, and an alert is sent.')
param dailyQuotaGB int = 2

@minValue(0)
@description('Monthly budget of the resource group in the currency of the subscription. The operator gets mail at 80 and 100 percent. 0: no budget.')
param monthlyBudget int = 0

@description('Object id of the person or pipeline that may read tables, queue and secrets. Default: the deploying one; empty: none.')
param operatorPrincipalId string = deployer().objectId

@description('First day of a new budget: the first of the current month.')
param budgetStart string = utcNow('yyyy-MM-01')

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
    operatorPrincipalId: operatorPrincipalId
    sku: storageSku
    deleteLock: deleteLock
    isPrivate: vnetEnabled
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
    operatorPrincipalId: operatorPrincipalId
    workspaceId: monitoring.outputs.workspaceId
    isPrivate: vnetEnabled
    liveChatApiKey: liveChatApiKey
    webhookPassword: webhookPassword
    webhookPasswordPrevious: webhookPasswordPrevious
    operatorWebhookUrl: operatorWebhookUrl
  }
}

module monitoring 'modules/monitoring.bicep' = {
  name: 'monitoring'
  scope: group
  params: {
    workspaceName: 'log-${token}'
    name: 'appi-${token}'
    location: location
    tags: tags
    principalId: identity.outputs.principalId
    dailyQuotaGB: dailyQuotaGB
  }
}

module network 'modules/network.bicep' = if (vnetEnabled) {
  name: 'network'
  scope: group
  params: {
    name: 'vnet-${token}'
    location: location
    tags: tags
    storageAccountId: storage.outputs.id
    vaultId: vault.outputs.id
  }
}

module app 'modules/app.bicep' = {
  name: 'app'
  scope: group
  params: {
    name: 'func-${token}'
    planName: 'plan-${token}'
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
    liveChatApi: liveChatApi
    liveChatAccountId: liveChatAccountId
    liveChatClientId: liveChatClientId
    helpDesk: helpDesk
    liveChatUsername: liveChatUsername
    liveChatLicenseId: liveChatLicenseId
    liveChatRateLimit: liveChatRateLimit
    eventRetentionDays: eventRetentionDays
    retentionMarginDays: retentionMarginDays
    deletedTicketDays: deletedTicketDays
    httpStreaming: httpStreaming
    instanceMemoryMB: instanceMemoryMB
    httpConcurrency: httpConcurrency
    maximumInstanceCount: maximumInstanceCount
    alwaysReadyHttp: alwaysReadyHttp
    updateStrategy: updateStrategy
    zoneRedundant: zoneRedundant
    subnetId: vnetEnabled ? network!.outputs.appSubnetId : ''
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
    workspaceId: monitoring.outputs.workspaceId
    healthUrl: '${app.outputs.url}/api/health'
    operatorEmail: operatorEmail
    hasTickets: liveChatApi == 'v2' || helpDesk == 'on'
    monthlyBudget: monthlyBudget
    budgetStart: budgetStart
  }
}

@description('Region of all resources.')
output AZURE_LOCATION string = location

@description('Resource group of all resources.')
output AZURE_RESOURCE_GROUP string = group.name

@description('Name of the Key Vault.')
output AZURE_KEY_VAULT_NAME string = vault.outputs.name

@description('Name of the storage account.')
output AZURE_STORAGE_ACCOUNT_NAME string = storage.outputs.name

@description('Endpoint of the tables, for backup and restore.')
output LiveChatStorage__tableServiceUri string = storage.outputs.tableServiceUri

@description('Name of the function app.')
output SERVICE_API_NAME string = app.outputs.name

@description('Name of the function app, under the name that the commands in docs/ use.')
output AZURE_FUNCTION_APP_NAME string = app.outputs.name

@description('URL of the app.')
output LIVECHAT_FUNCTIONS_URL string = app.outputs.url
